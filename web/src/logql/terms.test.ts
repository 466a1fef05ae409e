import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mark, searchTerms } from './terms.ts'

const marked = (line: string, query: string) => mark(line, searchTerms(query)).map(({ text, marked: on }) => (on ? `[${text}]` : text)).join('')

test('the texts that a query looks for are marked', () => {
  assert.equal(marked('an error in b', '{a="b"} |= "error"'), 'an [error] in b')
  assert.equal(marked('Error, error', '{a="b"} |~ "(?i)ERR"'), '[Err]or, [err]or')
  assert.equal(marked('one two', '{a="b"} |~ "two|one"'), '[one] [two]')
  assert.equal(marked('one two', '{a="b"} != "one"'), 'one two')
  assert.equal(marked('aaa', '{a="b"} |= "a"'), '[a][a][a]')
})

test('patterns and metric queries mark nothing', () => {
  assert.deepEqual(searchTerms('{a="b"} |~ "(x+)+y"'), [])
  assert.deepEqual(searchTerms('rate({a="b"} |= "x" [1m])'), [])
})

test('nothing is lost or added by marking', () => {
  for (const line of ['', 'x', 'İstanbul error', 'error', 'a error b error']) {
    assert.equal(mark(line, searchTerms('{a="b"} |= "error" |~ "(?i)I"')).map(({ text }) => text).join(''), line)
  }
})
