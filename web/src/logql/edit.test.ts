import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addLabelFilter, addMatcher, addStage, hasStage, isLabelName, levelVolumeQuery, withoutLastStage, type Sign } from './edit.ts'
import { firstSelector, isMetricQuery } from './selector.ts'

test('a click on a stream label narrows the selector', () => {
  const cases: [string, string, Sign, string, string][] = [
    ['', 'app', '=', 'a', '{app="a"}'],
    ['{}', 'app', '=', 'a', '{app="a"}'],
    ['{app="a"}', 'pod', '=', 'p"1', '{app="a", pod="p\\"1"}'],
    ['{app="a"} |= "x" # why', 'pod', '!=', 'p', '{app="a", pod!="p"} |= "x" # why'],
    ['{app="a"}', 'app', '=', 'a', '{app="a"}'],
    ['{app="a"}', 'app', '=', 'b', '{app="b"}'],
    ['{app="a"}', 'app', '!=', 'a', '{app!="a"}'],
    ['{app!="a"}', 'app', '=', 'a', '{app="a"}'],
    ['{app=~".+"}', 'app', '=', 'a', '{app=~".+", app="a"}'],
    ['{app=~".+"}', 'app', '!=', 'a', '{app=~".+", app!="a"}'],
    ['{app=~".+", }', 'pod', '=', 'p', '{app=~".+", pod="p", }'],
    ['sum(rate({app="a"}[1m]))', 'pod', '=', 'p', 'sum(rate({app="a", pod="p"}[1m]))'],
    ['{app="a"', 'pod', '=', 'p', '{app="a", pod="p"'],
  ]
  for (const [query, name, sign, value, expected] of cases) {
    assert.equal(addMatcher(query, name, sign, value), expected, `${query} + ${name}${sign}${value}`)
  }
})

test('a click on a field filters at the end of the pipeline', () => {
  const cases: [string, string, Sign, string, string][] = [
    ['{a="b"}', 'level', '=', 'error', '{a="b"} | level="error"'],
    ['{a="b"} | json  ', 'code', '!=', '500', '{a="b"} | json | code!="500"'],
    ['{a="b"} # note', 'x', '=', 'y', '{a="b"} # note\n| x="y"'],
    ['{a="b"} | x="y"', 'x', '=', 'y', '{a="b"} | x="y"'],
    ['{a="b"} | x="y" | json', 'x', '!=', 'y', '{a="b"} | x!="y" | json'],
    ['{a="b"} | x="y" or z="1"', 'x', '!=', 'y', '{a="b"} | x="y" or z="1" | x!="y"'],
    ['{a="b"} | x="y"', 'x', '=', 'z', '{a="b"} | x="y" | x="z"'],
  ]
  for (const [query, name, sign, value, expected] of cases) {
    assert.equal(addLabelFilter(query, name, sign, value), expected, `${query} + ${name}${sign}${value}`)
  }
})

test('stages are found and taken off', () => {
  assert.equal(hasStage('{a="b"} |json', 'json'), true)
  assert.equal(hasStage('{a="b"} |= "| json"', 'json'), false)
  assert.equal(addStage('{a="b"}', 'json'), '{a="b"} | json')
  assert.equal(withoutLastStage('{a="b"} |= "x" | json'), '{a="b"} |= "x"')
  assert.equal(withoutLastStage('{a="b"} | json | level != "x"'), '{a="b"} | json')
  assert.equal(withoutLastStage('{a="b"} | json != "x"'), '{a="b"} | json')
  assert.equal(withoutLastStage('{a!="b"}'), null)
  assert.equal(withoutLastStage('rate({a="b"} |= "x" [1m])'), null)
})

test('the histogram counts lines that a parser cannot read', () => {
  assert.equal(levelVolumeQuery('{a="b"} |= "x" ', 30), 'sum by (detected_level) (count_over_time({a="b"} |= "x"\n[30s]))')
  assert.match(levelVolumeQuery('{a="b"} | json # c', 30), /# c\n\| drop __error__, __error_details__\n\[30s\]/)
})

test('metric queries are told from log queries', () => {
  for (const query of ['{a="b"}', ' ({a="b"})', '# note\n{a="b"}', '']) assert.equal(isMetricQuery(query), false, query)
  for (const query of ['rate({a="b"}[1m])', '(sum(rate({a="b"}[1m])))', '1 + 1']) assert.equal(isMetricQuery(query), true, query)
})

test('matchers are found with their places', () => {
  const query = 'x {a = "1", b!~`2|3` , c="open'
  const selector = firstSelector(query)
  assert.deepEqual(selector?.matchers.map(({ start, end }) => query.slice(start, end)), ['a = "1"', 'b!~`2|3`'])
  assert.equal(selector?.closed, false)
  assert.equal(firstSelector('|= "{"'), null)
})

test('names that LogQL cannot say are known', () => {
  assert.deepEqual(['a_b1', 'service.name', '1a', ''].map(isLabelName), [true, false, false, false])
})
