// Counts by time and level for the histogram. Bucket k covers [startMs + k * stepMs, startMs + (k + 1) * stepMs).
import { LEVELS, toLevel, type Level } from './levels.ts'
import type { Span } from './time.ts'

export interface Buckets {
  startMs: number
  stepMs: number
  /** Number of buckets. */
  count: number
  /** Levels that occur, worst first; `counts` has one number a bucket. */
  levels: { level: Level; counts: number[]; total: number }[]
  /** Sum of all levels, for each bucket. */
  totals: number[]
  max: number
  total: number
}

/** One series of a matrix: its level and its samples, [seconds at the end of a bucket, count]. */
export interface LevelSeries {
  level: string | undefined
  samples: [number, number][]
}

/** Bars that are thinner than this many a screen say nothing more. */
const MOST_BUCKETS = 120

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400]

/** The width of a bucket in seconds. */
export function bucketSeconds({ startMs, endMs }: Span): number {
  return STEPS_S.find((step) => (endMs - startMs) / 1000 / step <= MOST_BUCKETS) ?? Math.ceil((endMs - startMs) / 1000 / MOST_BUCKETS)
}

/** The span widened to whole buckets. */
export function bucketSpan({ startMs, endMs }: Span, stepMs: number): Span {
  return { startMs: Math.floor(startMs / stepMs) * stepMs, endMs: Math.ceil(endMs / stepMs) * stepMs }
}

/** Sorts samples into buckets. Levels that mean the same are added up, samples outside the span are left out. */
export function toBuckets(series: LevelSeries[], span: Span, stepMs: number): Buckets {
  const count = Math.max(1, Math.round((span.endMs - span.startMs) / stepMs))
  const byLevel = new Map<Level, number[]>()
  const totals = Array.from({ length: count }, () => 0)
  for (const { level, samples } of series) {
    const name = toLevel(level)
    const counts = byLevel.get(name) ?? Array.from({ length: count }, () => 0)
    byLevel.set(name, counts)
    for (const [endSeconds, value] of samples) {
      const index = Math.round((endSeconds * 1000 - span.startMs) / stepMs) - 1
      if (index < 0 || index >= count) continue
      counts[index] = (counts[index] ?? 0) + value
      totals[index] = (totals[index] ?? 0) + value
    }
  }
  const levels = LEVELS.flatMap((level) => {
    const counts = byLevel.get(level)
    return counts ? [{ level, counts, total: sum(counts) }] : []
  })
  return { startMs: span.startMs, stepMs, count, levels, totals, max: Math.max(0, ...totals), total: sum(totals) }
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
