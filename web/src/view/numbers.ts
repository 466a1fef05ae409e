// Numbers as people read them: round axis limits, thousands, short forms.

const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const SHORT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })
const PRECISE = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 })

/** `12,345`. */
export function grouped(value: number): string {
  return GROUPED.format(value)
}

/** `12.3K`. */
export function short(value: number): string {
  return SHORT.format(value)
}

/** A sample of a metric, as many digits as help. */
export function precise(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  return Number.isInteger(value) ? grouped(value) : PRECISE.format(value)
}

/** The smallest round number that is not below the value, for the end of an axis; 1 for nothing. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].find((candidate) => candidate * power >= value * 0.999999) ?? 10
  return Number((factor * power).toPrecision(6))
}

/** `3.2 MB`. */
export function byteSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** `34 ms`, `1.2 s`. */
export function elapsed(ms: number): string {
  return ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`
}
