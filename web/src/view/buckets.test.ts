import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketSeconds, bucketSpan, toBuckets } from './buckets.ts'

test('samples stand at the end of their bucket', () => {
  const buckets = toBuckets([{ level: 'info', samples: [[110, 3], [120, 4]] }], { startMs: 100_000, endMs: 120_000 }, 10_000)
  assert.deepEqual(buckets.totals, [3, 4])
  assert.equal(buckets.total, 7)
  assert.equal(buckets.max, 4)
})

test('spellings of a level are one level, worst first', () => {
  const at: [number, number][] = [[110, 1]]
  const series = ['info', 'warning', 'WARN', undefined, 'nonsense', 'fatal'].map((level) => ({ level, samples: at }))
  const { levels } = toBuckets(series, { startMs: 100_000, endMs: 110_000 }, 10_000)
  assert.deepEqual(levels.map(({ level, total }) => [level, total]), [['critical', 1], ['warn', 2], ['info', 1], ['unknown', 2]])
})

test('samples outside the span are left out', () => {
  const buckets = toBuckets([{ level: 'info', samples: [[100, 9], [130, 9]] }], { startMs: 100_000, endMs: 120_000 }, 10_000)
  assert.equal(buckets.total, 0)
})

test('a span is widened to whole buckets, and those are few', () => {
  assert.deepEqual(bucketSpan({ startMs: 1500, endMs: 3500 }, 1000), { startMs: 1000, endMs: 4000 })
  for (const seconds of [1, 300, 3600, 604_800, 50_000_000]) {
    assert.ok(seconds / bucketSeconds({ startMs: 0, endMs: seconds * 1000 }) <= 120)
  }
})
