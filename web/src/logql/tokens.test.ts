import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quote, tokenize, unquote } from './tokens.ts'

const kinds = (query: string) => tokenize(query).filter(({ kind }) => kind !== 'space').map(({ kind, text }) => `${kind}:${text}`)

test('tokens cover the text without a gap', () => {
  for (const query of ['', '{a="b"} |= `x` # note\n| json', '"\\', '{a="unfinished', 'rate({a=~"x|y"}[5m]) > 0.5', 'é☃"☃\\"']) {
    assert.equal(tokenize(query).map(({ text }) => text).join(''), query)
  }
})

test('operators are taken whole', () => {
  assert.deepEqual(kinds('{a!~"b"}|="c"!="d"'), [
    'operator:{', 'word:a', 'operator:!~', 'string:"b"', 'operator:}', 'operator:|=', 'string:"c"', 'operator:!=', 'string:"d"',
  ])
})

test('a string ends at its own quote', () => {
  assert.deepEqual(kinds('"a\\"b" `c"d`'), ['string:"a\\"b"', 'string:`c"d`'])
  assert.equal(tokenize('"a\\"')[0]?.closed, false)
  assert.equal(tokenize('"a\\\\"')[0]?.closed, true)
  assert.equal(tokenize('"')[0]?.closed, false)
})

test('quoting and unquoting are each other', () => {
  for (const value of ['', 'plain', 'a"b', 'back\\slash', 'tab\tline\nend', '{"x": "☃"}', '\u001b[31m']) {
    assert.equal(unquote(quote(value)), value)
  }
  assert.equal(unquote('`raw \\d "x"`'), 'raw \\d "x"')
  assert.equal(unquote('"\\d+"'), '\\d+')
})
