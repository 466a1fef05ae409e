// What a query searches for in the line itself, so that the list can mark it.
import { firstSelector, isMetricQuery } from './selector.ts'
import { significant, unquote } from './tokens.ts'

export interface Term {
  text: string
  ignoreCase: boolean
}

const SPECIAL = /[\\^$.*+?()[\]{}]/

/**
 * The texts of `|=` filters and of those `|~` filters that are plain alternatives. Other patterns are not
 * marked: they are Go's dialect, and an engine that backtracks could hang the page on one.
 */
export function searchTerms(query: string): Term[] {
  if (isMetricQuery(query)) return []
  const tokens = significant(query)
  const end = firstSelector(query)?.end ?? 0
  const terms: Term[] = []
  for (const [index, token] of tokens.entries()) {
    const literal = tokens[index + 1]
    if (token.start < end || literal?.kind !== 'string' || !literal.closed) continue
    const value = unquote(literal.text)
    if (token.text === '|=') terms.push({ text: value, ignoreCase: false })
    if (token.text === '|~') terms.push(...alternatives(value))
  }
  return terms.filter((term) => term.text !== '')
}

function alternatives(pattern: string): Term[] {
  const ignoreCase = pattern.startsWith('(?i)')
  const body = ignoreCase ? pattern.slice(4) : pattern
  if (SPECIAL.test(body)) return []
  return body.split('|').map((text) => ({ text, ignoreCase }))
}

export interface Piece {
  text: string
  marked: boolean
}

/** Cuts a line into marked and unmarked pieces; together they are the line. */
export function mark(line: string, terms: Term[]): Piece[] {
  if (terms.length === 0) return [{ text: line, marked: false }]
  const pieces: Piece[] = []
  const lower = terms.some((term) => term.ignoreCase) ? line.toLowerCase() : line
  let at = 0
  while (at < line.length) {
    const hit = nextHit(line, lower, terms, at)
    if (!hit) break
    if (hit.start > at) pieces.push({ text: line.slice(at, hit.start), marked: false })
    pieces.push({ text: line.slice(hit.start, hit.end), marked: true })
    at = hit.end
  }
  if (at < line.length || pieces.length === 0) pieces.push({ text: line.slice(at), marked: false })
  return pieces
}

function nextHit(line: string, lower: string, terms: Term[], from: number): { start: number; end: number } | null {
  let best: { start: number; end: number } | null = null
  for (const term of terms) {
    // Lower case can change a text's length; then positions would not fit, so case is kept.
    const folded = term.ignoreCase && lower.length === line.length
    const start = folded ? lower.indexOf(term.text.toLowerCase(), from) : line.indexOf(term.text, from)
    if (start >= 0 && (!best || start < best.start)) best = { start, end: start + term.text.length }
  }
  return best
}
