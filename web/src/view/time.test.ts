import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareNs, durationMs, fromInput, isoFromNs, nsToMs, rangeName, resolve, timeTicks, toInput, toNs } from './time.ts'

test('durations are read, anything else is refused', () => {
  assert.deepEqual(['5m', '24h', '7d', '30s', '0m', '5', '-1h', '1y', ''].map(durationMs), [
    300_000, 86_400_000, 604_800_000, 30_000, null, null, null, null, null,
  ])
})

test('a range is resolved against now', () => {
  assert.deepEqual(resolve({ kind: 'relative', last: '5m' }, 1_000_000), { startMs: 700_000, endMs: 1_000_000 })
  assert.deepEqual(resolve({ kind: 'absolute', fromMs: 1, toMs: 2 }, 99), { startMs: 1, endMs: 2 })
  assert.equal(rangeName({ kind: 'relative', last: '6h' }), 'Last 6 hours')
  assert.equal(rangeName({ kind: 'relative', last: '3h' }), 'Last 3h')
})

test('nanoseconds keep all their digits', () => {
  assert.equal(toNs(1_700_000_000_123), '1700000000123000000')
  assert.equal(nsToMs('1700000000123456789'), 1_700_000_000_123)
  assert.equal(isoFromNs('1700000000123456789'), '2023-11-14T22:13:20.123456789Z')
  assert.ok(compareNs('999', '1000') < 0)
  assert.ok(compareNs('1700000000000000002', '1700000000000000001') > 0)
  assert.equal(compareNs('5', '5'), 0)
})

test('what is put into an input comes out of it', () => {
  const ms = Date.UTC(2026, 10, 22, 14, 5, 9)
  assert.equal(fromInput(toInput(ms)), ms)
  assert.equal(fromInput(''), null)
})

test('ticks are round, inside and few', () => {
  for (const minutes of [1, 7, 60, 600, 6000, 60_000]) {
    const span = { startMs: 1_700_000_123_456, endMs: 1_700_000_123_456 + minutes * 60_000 }
    const ticks = timeTicks(span, 8)
    assert.ok(ticks.length >= 2 && ticks.length <= 9, `${minutes}: ${ticks.length}`)
    assert.ok(ticks.every(({ ms }) => ms >= span.startMs && ms < span.endMs && ms % 1000 === 0))
  }
})
