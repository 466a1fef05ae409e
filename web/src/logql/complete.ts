// What could stand at the cursor of a query: names, operators, values, stages. It says what is needed and turns
// candidates into edits; fetching the candidates is the caller's.
import { firstSelector, isMetricQuery, type Matcher } from './selector.ts'
import { quote, tokenize, unquote, type Token } from './tokens.ts'

/** What belongs at the cursor, and the half-open span of the text that a choice replaces. */
export type Wanted = { from: number; to: number; prefix: string } & (
  | { kind: 'start' }
  | { kind: 'label'; matchers: Matcher[]; operatorFollows: boolean }
  | { kind: 'operator' }
  | { kind: 'value'; label: string; matchers: Matcher[]; quoted: boolean }
  | { kind: 'filter' }
  | { kind: 'stage' }
  | { kind: 'grouping' }
)

export interface Option {
  /** Shown in the list. */
  label: string
  /** Replaces the span. */
  insert: string
  /** Where the cursor goes, counted from the start of `insert`; its end where left out. */
  cursor?: number
  detail?: string
}

/** Looks at the query left of the cursor; null where nothing helpful can be offered. */
export function wantedAt(query: string, cursor: number): Wanted | null {
  if (query.trim() === '') return { kind: 'start', from: 0, to: query.length, prefix: '' }
  const left = tokenize(query.slice(0, cursor))
  const last = left.at(-1)
  if (!last || last.kind === 'comment') return null
  const before = left.filter((token) => token.kind !== 'space' && token.kind !== 'comment')
  const typing = last.kind === 'word' || (last.kind === 'string' && !last.closed) ? before.pop() : undefined
  const from = typing?.start ?? cursor
  const scope = { from, to: typing ? endOfTyped(query, from, cursor) : cursor, prefix: typing?.text ?? '' }
  if (opensSelector(before)) return inSelector(query, before, typing, scope)
  if (typing?.kind === 'string' || last.kind === 'string') return null
  return inPipeline(query, before, scope)
}

type Scope = { from: number; to: number; prefix: string }

/**
 * A choice replaces the whole token under the cursor, also the part of it right of the cursor. An unclosed string
 * swallows what follows it, so of that only what is left of the cursor is replaced.
 */
function endOfTyped(query: string, from: number, cursor: number): number {
  const token = tokenize(query.slice(from))[0]
  return token?.closed ? Math.max(cursor, from + token.text.length) : cursor
}

function opensSelector(before: Token[]): boolean {
  const open = before.findLastIndex((token) => token.text === '{')
  const close = before.findLastIndex((token) => token.text === '}')
  return open > close
}

function inSelector(query: string, before: Token[], typing: Token | undefined, scope: Scope): Wanted | null {
  const matchers = (firstSelector(query)?.matchers ?? []).filter(({ start, end }) => end <= scope.from || start >= scope.to)
  const previous = before.at(-1)
  const label = before.at(-2)
  if (previous && isMatchOperator(previous.text) && label?.kind === 'word') {
    if (typing?.kind === 'word') return null
    const others = matchers.filter((matcher) => matcher.start !== label.start)
    const prefix = typing ? unquote(typing.text) : ''
    return { kind: 'value', label: label.text, matchers: others, quoted: typing !== undefined, ...scope, prefix }
  }
  if (typing?.kind === 'string') return null
  if (previous?.text === '{' || previous?.text === ',') {
    const operatorFollows = /^\s*[=!]/.test(query.slice(scope.to))
    return { kind: 'label', matchers, operatorFollows, ...scope }
  }
  if (previous?.kind === 'word') return { kind: 'operator', ...scope }
  return null
}

function isMatchOperator(text: string): boolean {
  return ['=', '!=', '=~', '!~'].includes(text)
}

function inPipeline(query: string, before: Token[], scope: Scope): Wanted | null {
  const previous = before.at(-1)
  if (previous?.text === '|') return { kind: 'stage', ...scope }
  if (isGrouping(before)) return { kind: 'grouping', ...scope }
  const afterSelector = before.some((token) => token.text === '}')
  const done = previous?.text === '}' || previous?.kind === 'string' || previous?.text === 'json' || previous?.text === 'logfmt'
  if (afterSelector && done && scope.prefix === '') return { kind: 'filter', ...scope }
  if (!afterSelector && isMetricQuery(query) && scope.prefix !== '') return { kind: 'start', ...scope }
  return null
}

/** Inside `by (` or `without (`. */
function isGrouping(before: Token[]): boolean {
  const open = before.findLastIndex((token) => token.text === '(' || token.text === ')')
  const word = before[open - 1]?.text
  return before[open]?.text === '(' && (word === 'by' || word === 'without')
}

const OPERATORS: Option[] = [
  { label: '=', insert: '=""', cursor: 2, detail: 'is exactly' },
  { label: '!=', insert: '!=""', cursor: 3, detail: 'is not' },
  { label: '=~', insert: '=~""', cursor: 3, detail: 'matches the pattern' },
  { label: '!~', insert: '!~""', cursor: 3, detail: 'does not match' },
]

const LINE_FILTERS: Option[] = [
  { label: '|= ""', insert: '|= ""', cursor: 4, detail: 'line contains' },
  { label: '!= ""', insert: '!= ""', cursor: 4, detail: 'line does not contain' },
  { label: '|~ ""', insert: '|~ ""', cursor: 4, detail: 'line matches the pattern' },
  { label: '!~ ""', insert: '!~ ""', cursor: 4, detail: 'line does not match' },
  { label: '| json', insert: '| json', detail: 'fields of JSON lines' },
  { label: '| logfmt', insert: '| logfmt', detail: 'fields of key=value lines' },
]

const STAGES: Option[] = [
  { label: 'json', insert: 'json', detail: 'fields of JSON lines' },
  { label: 'logfmt', insert: 'logfmt', detail: 'fields of key=value lines' },
  { label: 'detected_level', insert: 'detected_level="error"', cursor: 21, detail: 'the level of the line' },
]

/** Whole queries and beginnings of queries, for an empty bar. */
const STARTS: Option[] = [
  { label: '{', insert: '{', detail: 'lines of some streams' },
  { label: 'count_over_time', insert: 'count_over_time({}[1m])', cursor: 17, detail: 'number of lines' },
  { label: 'rate', insert: 'rate({}[1m])', cursor: 6, detail: 'lines per second' },
  { label: 'sum by', insert: 'sum by () (count_over_time({}[1m]))', cursor: 27, detail: 'number of lines by label' },
]

/** The options for what is wanted. `candidates` are label names or values that the caller fetched. */
export function optionsFor(wanted: Wanted, candidates: string[]): Option[] {
  switch (wanted.kind) {
    case 'start':
      return filtered(STARTS, wanted.prefix)
    case 'operator':
      return filtered(OPERATORS, wanted.prefix)
    case 'filter':
      return LINE_FILTERS
    case 'stage': {
      const names = candidates.map((name) => ({ label: name, insert: `${name}=""`, cursor: name.length + 2, detail: 'field' }))
      return filtered([...STAGES, ...names.filter(({ label }) => label !== 'detected_level')], wanted.prefix)
    }
    case 'label':
      return labelOptions(wanted, candidates)
    case 'grouping':
      return filtered(candidates.map(plain), wanted.prefix)
    case 'value':
      return filtered(candidates.map((value) => ({ label: value, insert: quote(value) })), wanted.prefix)
  }
}

/** Names that have no matcher yet. Behind a name that is complete come the operators. */
function labelOptions(wanted: Wanted & { kind: 'label' }, candidates: string[]): Option[] {
  const { prefix } = wanted
  const names = candidates.filter((name) => !wanted.matchers.some((matcher) => matcher.name === name))
  if (wanted.operatorFollows || !names.includes(prefix)) return filtered(names.map(plain), prefix)
  const operators = OPERATORS.map((option) => ({ ...option, insert: prefix + option.insert, cursor: prefix.length + (option.cursor ?? 0) }))
  return [...operators, ...filtered(names.filter((name) => name !== prefix).map(plain), prefix)]
}

function plain(name: string): Option {
  return { label: name, insert: name }
}

/** Those that contain the prefix, those that begin with it first; one that is complete already helps nobody. */
function filtered(options: Option[], prefix: string): Option[] {
  const needle = prefix.toLowerCase()
  const begins = options.filter(({ label }) => label.toLowerCase().startsWith(needle))
  const contains = options.filter(({ label }) => label.toLowerCase().indexOf(needle) > 0)
  const found = [...begins, ...contains]
  return found.length === 1 && found[0]?.insert === prefix ? [] : found
}

/** The selector made of the other matchers, to ask the server only for what can still match; empty where there is none. */
export function narrowing(matchers: Matcher[]): string {
  const positive = matchers.some(({ operator, value }) => (operator === '=' || operator === '=~') && value !== '')
  if (!positive) return ''
  return `{${matchers.map(({ name, operator, value }) => `${name}${operator}${quote(value)}`).join(', ')}}`
}

/** The query and the cursor after a choice. */
export function applyOption(query: string, wanted: Wanted, option: Option): { query: string; cursor: number } {
  const next = query.charAt(wanted.to)
  const text = wanted.kind === 'operator' && next === '"' ? option.label : option.insert
  return {
    query: query.slice(0, wanted.from) + text + query.slice(wanted.to),
    cursor: wanted.from + (option.cursor ?? text.length),
  }
}
