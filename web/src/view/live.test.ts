import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toRows } from '../loki/rows.ts'
import { arrive, LIVE_ROWS, showWaiting, type LiveRows } from './live.ts'

const rows = (from: number, count: number) =>
  toRows([{ stream: {}, values: Array.from({ length: count }, (_, index): [string, string] => [String(from + index), `line ${from + index}`]) }], 'forward', new Set())
const empty: LiveRows = { rows: [], waiting: [], skipped: 0 }
const ends = (state: LiveRows) => [state.rows[0]?.line, state.rows.at(-1)?.line]

test('new rows come where the reader looks for them', () => {
  assert.deepEqual(ends(arrive(arrive(empty, rows(10, 2), 'backward', false), rows(12, 2), 'backward', false)), ['line 13', 'line 10'])
  assert.deepEqual(ends(arrive(arrive(empty, rows(10, 2), 'forward', false), rows(12, 2), 'forward', false)), ['line 10', 'line 13'])
})

test('the oldest go when there are too many', () => {
  for (const direction of ['forward', 'backward'] as const) {
    const state = arrive(arrive(empty, rows(10_000, LIVE_ROWS), direction, false), rows(20_000, 1), direction, false)
    assert.equal(state.rows.length, LIVE_ROWS)
    assert.ok(ends(state).includes('line 20000'))
    assert.ok(!state.rows.some(({ line }) => line === 'line 10000'))
  }
})

test('while paused the list stands still and the queue is bounded', () => {
  const shown = arrive(empty, rows(10_000, 1), 'backward', false)
  const paused = arrive(arrive(shown, rows(20_000, LIVE_ROWS), 'backward', true), rows(30_000, 7), 'backward', true)
  assert.equal(paused.rows, shown.rows)
  assert.deepEqual([paused.waiting.length, paused.skipped], [LIVE_ROWS, 7])
  const resumed = showWaiting(paused, 'backward')
  assert.deepEqual([resumed.rows.length, resumed.waiting.length, resumed.skipped, resumed.rows[0]?.line], [LIVE_ROWS, 0, 0, 'line 30006'])
})
