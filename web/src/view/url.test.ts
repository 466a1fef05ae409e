import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_VIEW, readView, writeView, type View } from './url.ts'

test('a view survives its address', () => {
  const views: View[] = [
    DEFAULT_VIEW,
    { query: '{a="b"} |= "x&y=z" #☃', range: { kind: 'relative', last: '7d' }, limit: 5000, direction: 'forward', live: true },
    { query: '', range: { kind: 'absolute', fromMs: 1_700_000_000_000, toMs: 1_700_000_000_001 }, limit: 100, direction: 'backward', live: false },
  ]
  for (const view of views) assert.deepEqual(readView(writeView(view)), view)
  assert.equal(writeView(DEFAULT_VIEW), '')
})

test('a broken address still gives a view', () => {
  assert.deepEqual(readView('?from=yesterday&to=x&limit=7&direction=up&live=yes'), DEFAULT_VIEW)
  assert.deepEqual(readView('?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z').range, DEFAULT_VIEW.range)
})
