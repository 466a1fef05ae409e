// Finds the stream selector of a query and its matchers, with their places in the text.
import { significant, unquote, type Token } from './tokens.ts'

export type MatchOperator = '=' | '!=' | '=~' | '!~'

export interface Matcher {
  name: string
  operator: MatchOperator
  value: string
  /** Half-open span of the whole matcher. */
  start: number
  end: number
}

export interface Selector {
  matchers: Matcher[]
  /** Position of the opening brace. */
  start: number
  /** Position after the closing brace, or the end of the text where it is missing. */
  end: number
  closed: boolean
}

const MATCH_OPERATORS = new Set(['=', '!=', '=~', '!~'])

/** The first selector of the query, or null. Parts of it that are no matcher are passed over. */
export function firstSelector(query: string): Selector | null {
  const tokens = significant(query)
  const open = tokens.findIndex((token) => token.text === '{')
  const brace = tokens[open]
  if (!brace) return null
  const close = tokens.findIndex((token, index) => index > open && token.text === '}')
  const inside = tokens.slice(open + 1, close < 0 ? undefined : close)
  const end = close < 0 ? query.length : (tokens[close]?.end ?? query.length)
  return { matchers: matchersIn(inside), start: brace.start, end, closed: close >= 0 }
}

function matchersIn(tokens: Token[]): Matcher[] {
  const matchers: Matcher[] = []
  for (const [index, name] of tokens.entries()) {
    const operator = tokens[index + 1]
    const value = tokens[index + 2]
    if (name.kind !== 'word' || value?.kind !== 'string' || !value.closed) continue
    if (!operator || !MATCH_OPERATORS.has(operator.text)) continue
    matchers.push({
      name: name.text,
      operator: operator.text as MatchOperator,
      value: unquote(value.text),
      start: name.start,
      end: value.end,
    })
  }
  return matchers
}

/** True where the query computes numbers and is not a list of lines. */
export function isMetricQuery(query: string): boolean {
  const first = significant(query).find((token) => token.text !== '(')
  return first !== undefined && first.text !== '{'
}
