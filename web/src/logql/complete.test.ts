import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyOption, narrowing, optionsFor, wantedAt } from './complete.ts'

/** Completes a query whose cursor is written as `^` and takes the first option, if any. */
function complete(marked: string, candidates: string[] = []): string {
  const cursor = marked.indexOf('^')
  const query = marked.replace('^', '')
  const wanted = wantedAt(query, cursor)
  const option = wanted && optionsFor(wanted, candidates)[0]
  if (!wanted || !option) return 'nothing'
  const after = applyOption(query, wanted, option)
  return `${after.query.slice(0, after.cursor)}^${after.query.slice(after.cursor)}`
}

test('the first option is what a reader would type next', () => {
  const cases: [string, string[], string][] = [
    ['^', [], '{^'],
    ['ra^', [], 'rate({^}[1m])'],
    ['{^', ['app', 'pod'], '{app^'],
    ['{p^', ['app', 'pod'], '{pod^'],
    ['{p^}', ['app', 'pod'], '{pod^}'],
    ['{^pod="x"}', ['app', 'pod'], '{app^pod="x"}'],
    ['{app="a", ^}', ['app', 'pod'], '{app="a", pod^}'],
    ['{app^', ['app', 'app_version'], '{app="^"'],
    ['{app^="x"}', ['app', 'app_version'], '{app^="x"}'],
    ['{app^="x"}', ['app'], 'nothing'],
    ['{app ^', [], '{app ="^"'],
    ['{app=^', ['a', 'b'], '{app="a"^'],
    ['{app="^"}', ['checkout', 'cart'], '{app="checkout"^}'],
    ['{app="c^h"}', ['checkout', 'cart'], '{app="checkout"^}'],
    ['{app="c^', ['checkout', 'cart'], '{app="checkout"^'],
    ['{app="c^}', ['checkout'], '{app="checkout"^}'],
    ['{app="a"} ^', [], '{app="a"} |= "^"'],
    ['{app="a"} | js^', [], '{app="a"} | json^'],
    ['{app="a"} | json | sta^', ['status'], '{app="a"} | json | status="^"'],
    ['sum by (^) (rate({a="b"}[1m]))', ['pod'], 'sum by (pod^) (rate({a="b"}[1m]))'],
    ['sum by (a, p^) (rate({a="b"}[1m]))', ['pod'], 'sum by (a, pod^) (rate({a="b"}[1m]))'],
    ['{app="a"} |= "er^ror"', [], 'nothing'],
    ['{app="a"} # no^te', ['note'], 'nothing'],
  ]
  for (const [marked, candidates, expected] of cases) assert.equal(complete(marked, candidates), expected, marked)
})

test('values are asked for within the other matchers', () => {
  const query = '{app="a", pod=""}'
  const wanted = wantedAt(query, query.indexOf('""') + 1)
  assert.equal(wanted?.kind, 'value')
  assert.equal(wanted.kind === 'value' && wanted.label, 'pod')
  assert.equal(wanted.kind === 'value' && narrowing(wanted.matchers), '{app="a"}')
  assert.equal(narrowing([]), '')
})

test('a selector that the server would refuse is not sent', () => {
  const query = '{app!="a", pod=""}'
  const wanted = wantedAt(query, query.indexOf('""') + 1)
  assert.equal(wanted?.kind === 'value' && narrowing(wanted.matchers), '')
})

test('options that begin with what is typed come first', () => {
  const wanted = wantedAt('{app="car"}', 9)
  assert.ok(wanted)
  assert.deepEqual(optionsFor(wanted, ['scar', 'cart', 'oscar', 'x']).map(({ label }) => label), ['cart', 'scar', 'oscar'])
})
