// The rows of a live tail: a bounded list, and a bounded queue beside it while the reader looks at older lines.
import type { Row } from '../loki/rows.ts'
import type { Direction } from './url.ts'

/** Rows kept while live: as many as a query may return, so the list behaves the same in both. */
export const LIVE_ROWS = 5000

export interface LiveRows {
  /** Shown, in display order. */
  rows: Row[]
  /** Arrived while paused, oldest first. */
  waiting: Row[]
  /** Arrived while paused and left out, because more than `LIVE_ROWS` were waiting. */
  skipped: number
}

/** Takes in new rows, oldest first. */
export function arrive(state: LiveRows, rows: Row[], direction: Direction, paused: boolean): LiveRows {
  const waiting = [...state.waiting, ...rows]
  const over = Math.max(0, waiting.length - LIVE_ROWS)
  const next = { rows: state.rows, waiting: waiting.slice(over), skipped: state.skipped + over }
  return paused ? next : showWaiting(next, direction)
}

/** Shows what waited; the oldest rows go when there are too many. */
export function showWaiting(state: LiveRows, direction: Direction): LiveRows {
  const newest = direction === 'backward' ? state.waiting.toReversed() : state.waiting
  const rows =
    direction === 'backward' ? [...newest, ...state.rows].slice(0, LIVE_ROWS) : [...state.rows, ...newest].slice(-LIVE_ROWS)
  return { rows, waiting: [], skipped: 0 }
}
