import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byteSize, elapsed, precise, roundUp } from './numbers.ts'
import { linePath, metricStep, seriesName, toSeries } from './series.ts'

test('a series is summed up', () => {
  const [largest, other] = toSeries([
    { metric: { app: 'a' }, values: [[1, '2'], [2, '4']] },
    { metric: { app: 'b' }, values: [[1, '9'], [2, '8']] },
    { metric: { app: 'c' }, values: [] },
  ])
  assert.deepEqual([largest?.name, largest?.last, largest?.least, largest?.most, largest?.average], ['b', 8, 8, 9, 8.5])
  assert.equal(other?.name, 'a')
})

test('names say what tells series apart', () => {
  assert.deepEqual([seriesName({}), seriesName({ a: 'x' }), seriesName({ a: '' }), seriesName({ a: 'x', b: 'y"' })], [
    'all', 'x', '(empty)', '{a="x", b="y\\""}',
  ])
})

test('a line breaks at a gap', () => {
  const [series] = toSeries([{ metric: {}, values: [[0, '1'], [10, '2'], [40, '3']] }])
  assert.ok(series)
  assert.equal(linePath(series, 10_000, (ms) => ms / 1000, (value) => value), 'M0.0 1.0h0L10.0 2.0M40.0 3.0h0')
})

test('steps keep the number of points down', () => {
  for (const seconds of [60, 3600, 604_800, 2_592_000]) assert.ok(seconds / metricStep({ startMs: 0, endMs: seconds * 1000 }) <= 240)
})

test('numbers are readable', () => {
  assert.deepEqual([roundUp(0), roundUp(3), roundUp(10), roundUp(0.12), roundUp(51), roundUp(101)], [1, 3, 10, 0.12, 60, 120])
  assert.deepEqual([byteSize(12), byteSize(3_240_000), byteSize(250_000)], ['12 B', '3.2 MB', '250 kB'])
  assert.deepEqual([elapsed(0.2), elapsed(1234)], ['1 ms', '1.2 s'])
  assert.deepEqual([precise(1234567), precise(0.123456), precise(Number.NaN)], ['1,234,567', '0.1235', 'NaN'])
})
