import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readable, sourceOf, syntaxOf, toRows } from './rows.ts'

const streams = () => [
  { stream: { app: 'a' }, values: [['30', 'third', {}], ['10', 'first', { structuredMetadata: { detected_level: 'warn' } }]] as [string, string, object][] },
  { stream: { app: 'b' }, values: [['20', 'second', { parsed: { status: '500' } }]] as [string, string, object][] },
]

test('streams are merged by time in either direction', () => {
  assert.deepEqual(toRows(streams(), 'forward', new Set()).map(({ line }) => line), ['first', 'second', 'third'])
  assert.deepEqual(toRows(streams(), 'backward', new Set()).map(({ line }) => line), ['third', 'second', 'first'])
})

test('labels, metadata and parsed fields are told apart', () => {
  const [first, second] = toRows(streams(), 'forward', new Set())
  assert.deepEqual([first?.labels, first?.metadata, first?.level], [{ app: 'a' }, { detected_level: 'warn' }, 'warn'])
  assert.deepEqual(second?.parsed, { status: '500' })
})

test('without the server telling, known label names do', () => {
  const [row] = toRows([{ stream: { app: 'a', trace_id: 't', detected_level: 'error' }, values: [['1', 'x']] }], 'forward', new Set(['app']))
  assert.deepEqual([row?.labels, row?.metadata, row?.level], [{ app: 'a' }, { trace_id: 't', detected_level: 'error' }, 'error'])
})

test('entries of one instant keep their order', () => {
  const values: [string, string][] = [['5', 'a'], ['5', 'b'], ['5', 'c']]
  for (const direction of ['forward', 'backward'] as const) {
    assert.deepEqual(toRows([{ stream: {}, values }], direction, new Set()).map(({ line }) => line), ['a', 'b', 'c'])
  }
})

test('the source of a line is its service', () => {
  const [row] = toRows([{ stream: { zone: 'z', service_name: 'cart', app: 'x' }, values: [['1', '', {}]] }], 'forward', new Set())
  assert.equal(row && sourceOf(row), 'cart')
})

test('the syntax of a line is seen', () => {
  assert.deepEqual(['{"a":1}', '{a}', 'level=info msg="a b"', 'x=1', 'GET /?a=b&c=d 200'].map(syntaxOf), ['json', 'text', 'logfmt', 'text', 'text'])
})

test('terminal colours are not shown', () => {
  assert.equal(readable('\u001b[1;31mred\u001b[0m'), 'red')
})
