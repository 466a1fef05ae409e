// Cuts LogQL text into tokens, leniently: whatever the text, the tokens cover it without a gap.
// It is for editing, completing and colouring only; the server alone decides what is a valid query.

export type TokenKind = 'space' | 'comment' | 'string' | 'word' | 'number' | 'operator'

export interface Token {
  kind: TokenKind
  text: string
  /** Half-open span in UTF-16 units of the query. */
  start: number
  end: number
  /** False for a string whose closing quote is missing. */
  closed: boolean
}

const PATTERNS: [TokenKind, RegExp][] = [
  ['space', /\s+/y],
  ['comment', /#[^\n]*/y],
  ['string', /"(?:[^"\\\n]|\\[^])*"?|`[^`]*`?/y],
  ['word', /[A-Za-z_][A-Za-z0-9_:]*/y],
  ['number', /[0-9][0-9A-Za-z.]*/y],
  ['operator', /\|=|\|~|\|>|!=|!~|!>|=~|==|>=|<=|[^]/y],
]

/** The tokens of a query, in order, together exactly its text. */
export function tokenize(query: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < query.length) {
    const token = tokenAt(query, at)
    tokens.push(token)
    at = token.end
  }
  return tokens
}

/** The tokens that mean something: no blanks, no comments. */
export function significant(query: string): Token[] {
  return tokenize(query).filter((token) => token.kind !== 'space' && token.kind !== 'comment')
}

function tokenAt(query: string, start: number): Token {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = start
    const text = pattern.exec(query)?.[0]
    if (text) {
      const closed = kind !== 'string' || (text.length > 1 && text.endsWith(text.charAt(0)) && !/[^\\](\\\\)*\\"$/.test(text))
      return { kind, text, start, end: start + text.length, closed }
    }
  }
  throw new Error(`no token at ${start}`)
}

/** A value as a LogQL string literal. JSON's escapes are a part of Go's. */
export function quote(value: string): string {
  return JSON.stringify(value)
}

/** The value of a string literal; an escape that is not understood stays as it is written. */
export function unquote(literal: string): string {
  const body = literal.slice(1, literal.length > 1 && literal.endsWith(literal.charAt(0)) ? -1 : undefined)
  if (literal.startsWith('`')) return body
  try {
    return JSON.parse(`"${body.replaceAll('\t', '\\t')}"`) as string
  } catch {
    return body.replace(/\\(["\\])/g, '$1')
  }
}
