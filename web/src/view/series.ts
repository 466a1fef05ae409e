// The series of a metric query, ready to be drawn and listed.
import type { ApiSeries, Labels } from '../loki/api.ts'
import { quote } from '../logql/tokens.ts'
import type { Span } from './time.ts'

export interface Series {
  name: string
  labels: Labels
  points: { ms: number; value: number }[]
  last: number
  least: number
  most: number
  average: number
}

/** All series that have points, the one with the largest last value first. */
export function toSeries(matrix: ApiSeries[]): Series[] {
  const series = matrix.filter(({ values }) => values.length > 0).map(({ metric, values }) => {
    const points = values.map(([seconds, text]) => ({ ms: seconds * 1000, value: Number(text) }))
    const numbers = points.map(({ value }) => value)
    return {
      name: seriesName(metric),
      labels: metric,
      points,
      last: numbers.at(-1) ?? 0,
      least: Math.min(...numbers),
      most: Math.max(...numbers),
      average: numbers.reduce((total, value) => total + value, 0) / numbers.length,
    }
  })
  return series.toSorted((a, b) => b.last - a.last || a.name.localeCompare(b.name))
}

/** `{app="a", pod="b"}`, or the value alone where there is one label only. */
export function seriesName(labels: Labels): string {
  const pairs = Object.entries(labels)
  if (pairs.length === 0) return 'all'
  if (pairs.length === 1) return pairs[0]?.[1] || '(empty)'
  return `{${pairs.map(([name, value]) => `${name}=${quote(value)}`).join(', ')}}`
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400]

/** More points than this are finer than the screen. */
const MOST_POINTS = 240

/** The step of a metric query in seconds. */
export function metricStep({ startMs, endMs }: Span): number {
  return STEPS_S.find((step) => (endMs - startMs) / 1000 / step <= MOST_POINTS) ?? 86_400
}

/** An SVG path; a gap of more than one and a half steps breaks the line. */
export function linePath(series: Series, stepMs: number, x: (ms: number) => number, y: (value: number) => number): string {
  let path = ''
  let previousMs = Number.NEGATIVE_INFINITY
  for (const { ms, value } of series.points) {
    if (!Number.isFinite(value)) continue
    const command = ms - previousMs > stepMs * 1.5 ? 'M' : 'L'
    path += `${command}${x(ms).toFixed(1)} ${y(value).toFixed(1)}`
    // A lone point is a dot: a line to itself with round ends.
    if (command === 'M') path += 'h0'
    previousMs = ms
  }
  return path
}
