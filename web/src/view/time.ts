// Time ranges as the page speaks of them: relative to now, or from one instant to another. Milliseconds since 1970
// everywhere, except where a name ends in _ns or Ns; "now" is always an argument.

export type Range = { kind: 'relative'; last: string } | { kind: 'absolute'; fromMs: number; toMs: number }

export interface Span {
  startMs: number
  endMs: number
}

export const PRESETS: { last: string; name: string }[] = [
  { last: '5m', name: 'Last 5 minutes' },
  { last: '15m', name: 'Last 15 minutes' },
  { last: '1h', name: 'Last hour' },
  { last: '6h', name: 'Last 6 hours' },
  { last: '24h', name: 'Last 24 hours' },
  { last: '7d', name: 'Last 7 days' },
]

const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of `15m`, `24h`, `7d`; null for anything else. */
export function durationMs(text: string): number | null {
  const match = /^([1-9][0-9]{0,5})([smhd])$/.exec(text)
  if (!match) return null
  return Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0)
}

/** The half-open span that a range means now. */
export function resolve(range: Range, nowMs: number): Span {
  if (range.kind === 'absolute') return { startMs: range.fromMs, endMs: range.toMs }
  return { startMs: nowMs - (durationMs(range.last) ?? UNIT_MS.h ?? 0), endMs: nowMs }
}

/** What the range is called on its button. */
export function rangeName(range: Range): string {
  if (range.kind === 'relative') return PRESETS.find(({ last }) => last === range.last)?.name ?? `Last ${range.last}`
  const sameDay = dayName(range.fromMs) === dayName(range.toMs)
  const to = sameDay ? clock(range.toMs) : `${dayName(range.toMs)} ${clock(range.toMs)}`
  return `${dayName(range.fromMs)} ${clock(range.fromMs)} – ${to}`
}

/** `14:05:09` in the reader's time zone. */
export function clock(ms: number): string {
  const date = new Date(ms)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
}

/** `14:05:09.120`. */
export function clockMs(ms: number): string {
  return `${clock(ms)}.${String(Math.floor(ms) % 1000).padStart(3, '0')}`
}

/** `2026-11-22` in the reader's time zone. */
export function dayName(ms: number): string {
  const date = new Date(ms)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** Nanoseconds as the API takes them. */
export function toNs(ms: number): string {
  return `${Math.round(ms)}000000`
}

/** Milliseconds of a nanosecond text, the fraction cut off. */
export function nsToMs(ns: string): number {
  return Number(ns.slice(0, -6))
}

/** RFC 3339 in UTC with all nine digits, from a nanosecond text. */
export function isoFromNs(ns: string): string {
  const fraction = ns.slice(-9).padStart(9, '0')
  return new Date(nsToMs(ns)).toISOString().replace(/\.\d+Z$/, `.${fraction}Z`)
}

/** Orders nanosecond texts of any length. */
export function compareNs(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** `2026-11-22T14:05:09`, the value of an input for local date and time. */
export function toInput(ms: number): string {
  return `${dayName(ms)}T${clock(ms)}`
}

/** The instant of such an input; null while it is not complete. */
export function fromInput(text: string): number | null {
  const ms = new Date(text).getTime()
  return text === '' || Number.isNaN(ms) ? null : ms
}

const TICK_STEPS_MS = [1, 2, 5, 10, 15, 30].map((s) => s * 1000)
  .concat([1, 2, 5, 10, 15, 30].map((m) => m * 60_000))
  .concat([1, 2, 3, 6, 12].map((h) => h * 3_600_000))
  .concat([1, 2, 7].map((d) => d * 86_400_000))

export interface Tick {
  ms: number
  text: string
}

/** At most `most` round instants in the span, in the reader's time zone, with their texts. */
export function timeTicks({ startMs, endMs }: Span, most: number): Tick[] {
  const step = TICK_STEPS_MS.find((candidate) => (endMs - startMs) / candidate <= most) ?? TICK_STEPS_MS.at(-1) ?? 1
  const offsetMs = new Date(startMs).getTimezoneOffset() * 60_000
  const ticks: Tick[] = []
  for (let ms = Math.ceil((startMs - offsetMs) / step) * step + offsetMs; ms < endMs; ms += step) {
    ticks.push({ ms, text: tickText(ms, step) })
  }
  return ticks
}

function tickText(ms: number, stepMs: number): string {
  const time = clock(ms)
  if (time === '00:00:00' && stepMs >= 60_000) return dayName(ms).slice(5)
  return stepMs < 60_000 ? time : time.slice(0, 5)
}
