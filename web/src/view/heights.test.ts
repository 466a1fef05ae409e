import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Heights, visibleRows } from './heights.ts'

/** The same questions answered by adding up. */
function naiveFind(values: number[], position: number): number {
  let sum = 0
  for (const [index, value] of values.entries()) {
    sum += value
    if (position < sum) return index
  }
  return Math.max(0, values.length - 1)
}

test('offsets and rows agree with adding up, also after corrections', () => {
  let seed = 7
  const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below
  for (const count of [0, 1, 2, 3, 31, 32, 33, 1000]) {
    const values = Array.from({ length: count }, () => 1 + random(50))
    const heights = new Heights(count, (index) => values[index] ?? 0)
    for (let round = 0; round < 200; round += 1) {
      if (count > 0) {
        const index = random(count)
        const height = 1 + random(90)
        assert.equal(heights.set(index, height), height - (values[index] ?? 0))
        values[index] = height
      }
      const total = values.reduce((sum, value) => sum + value, 0)
      assert.equal(heights.total, total)
      const position = random(total + 10)
      assert.equal(heights.find(position), naiveFind(values, position), `${count} rows at ${position}`)
    }
  }
})

test('the visible range covers the viewport and stays small', () => {
  const heights = new Heights(5000, () => 20)
  assert.deepEqual(visibleRows(heights, 0, 400, 5), { first: 0, end: 26 })
  assert.deepEqual(visibleRows(heights, 2000, 400, 5), { first: 95, end: 126 })
  assert.deepEqual(visibleRows(heights, 99_600, 400, 5), { first: 4975, end: 5000 })
  assert.deepEqual(visibleRows(new Heights(0, () => 1), 0, 400, 5), { first: 0, end: 0 })
})
