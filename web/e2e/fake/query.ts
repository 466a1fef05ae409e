// As much LogQL as the page's tests need, over entries in memory. It shares no code with the page on purpose.
import type { Entry } from './lines.ts'

export class QueryError extends Error {}

export type Test = (entry: Entry, parsed: Record<string, string>) => boolean

export interface LogQuery {
  tests: Test[]
  parses: boolean
}

const TEXT = '"((?:[^"\\\\]|\\\\.)*)"'

/** Reads `{..} |= ".." | json | name="value"`. */
export function parseLogQuery(text: string): LogQuery {
  const selector = /^\s*\{([^}]*)\}/.exec(text)
  if (!selector) throw new QueryError(`parse error at line 1, col ${text.length + 1}: syntax error: unexpected $end, expecting "}"`)
  let pipeline = text.slice(selector[0].length)
  const tests = matchers(selector[1] ?? '')
  pipeline = pipeline.replace(new RegExp(`\\|\\s*(\\w+)\\s*(=|!=)\\s*${TEXT}`, 'g'), (_, name: string, operator: string, literal: string) => {
    const value = unescape(literal)
    tests.push((entry, parsed) => ((parsed[name] ?? entry.metadata[name] ?? entry.labels[name] ?? '') === value) === (operator === '='))
    return ''
  })
  pipeline = pipeline.replace(new RegExp(`(\\|=|!=|\\|~|!~)\\s*${TEXT}`, 'g'), (_, operator: string, literal: string) => {
    tests.push(lineTest(operator, unescape(literal)))
    return ''
  })
  const parses = /\|\s*json/.test(pipeline)
  pipeline = pipeline.replace(/\|\s*(json|drop __error__, __error_details__)/g, '').trim()
  if (pipeline !== '') throw new QueryError(`parse error at line 1, col ${text.indexOf(pipeline) + 1}: syntax error: unexpected ${pipeline}`)
  return { tests, parses }
}

function matchers(text: string): Test[] {
  return [...text.matchAll(new RegExp(`(\\w+)\\s*(=~|!~|!=|=)\\s*${TEXT}`, 'g'))].map(([, name = '', operator = '', literal = '']) => {
    const value = unescape(literal)
    const pattern = operator.endsWith('~') ? new RegExp(`^(?:${value})$`) : null
    return (entry: Entry) => {
      const actual = entry.labels[name] ?? ''
      return (pattern ? pattern.test(actual) : actual === value) !== operator.startsWith('!')
    }
  })
}

function lineTest(operator: string, value: string): Test {
  const pattern = operator.endsWith('~') ? new RegExp(value) : null
  return ({ line }) => (pattern ? pattern.test(line) : line.includes(value)) !== operator.startsWith('!')
}

function unescape(literal: string): string {
  return JSON.parse(`"${literal}"`) as string
}

/** The entry's fields where it matches, else null. */
export function evaluate(query: LogQuery, entry: Entry): Record<string, string> | null {
  const parsed = query.parses ? jsonFields(entry.line) : {}
  return query.tests.every((test) => test(entry, parsed)) ? parsed : null
}

function jsonFields(line: string): Record<string, string> {
  if (!line.startsWith('{')) return {}
  return Object.fromEntries(Object.entries(JSON.parse(line) as object).map(([name, value]) => [name, String(value)]))
}

export interface MetricQuery {
  by: string[]
  log: LogQuery
  rangeSeconds: number
  rate: boolean
}

/** Reads `sum by (a, b) (count_over_time({..} [30s]))` and `rate` likewise. */
export function parseMetricQuery(text: string): MetricQuery {
  const match = /^\s*sum by \(([^)]*)\) \((count_over_time|rate)\(([^]*)\[(\d+)([smh])\]\)\)\s*$/.exec(text)
  if (!match) throw new QueryError('parse error at line 1, col 1: syntax error: unexpected IDENTIFIER')
  const unit = { s: 1, m: 60, h: 3600 }[match[5] ?? 's'] ?? 1
  return {
    by: (match[1] ?? '').split(',').map((name) => name.trim()),
    log: parseLogQuery(match[3] ?? ''),
    rangeSeconds: Number(match[4]) * unit,
    rate: match[2] === 'rate',
  }
}

export interface Series {
  metric: Record<string, string>
  values: [number, string][]
}

/** Samples at the given seconds; each counts the entries in the range before it. */
export function evaluateMetric(query: MetricQuery, entries: Entry[], seconds: number[]): Series[] {
  const series = new Map<string, { metric: Record<string, string>; counts: Map<number, number> }>()
  for (const entry of entries) {
    const parsed = evaluate(query.log, entry)
    if (!parsed) continue
    const metric = Object.fromEntries(query.by.map((name) => [name, parsed[name] ?? entry.metadata[name] ?? entry.labels[name] ?? '']))
    const key = JSON.stringify(metric)
    const known = series.get(key) ?? { metric, counts: new Map<number, number>() }
    series.set(key, known)
    const at = Number(entry.timeNs) / 1e9
    for (const second of seconds) {
      if (at > second - query.rangeSeconds && at <= second) known.counts.set(second, (known.counts.get(second) ?? 0) + 1)
    }
  }
  return [...series.values()].map(({ metric, counts }) => ({
    metric,
    values: [...counts].map(([second, count]): [number, string] => [second, String(query.rate ? count / query.rangeSeconds : count)]),
  }))
}
