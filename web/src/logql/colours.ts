// The colour of each part of a query, as the name of a style.
import { tokenize, type Token } from './tokens.ts'

const KEYWORDS = new Set(['by', 'without', 'and', 'or', 'unless', 'offset', 'on', 'ignoring', 'bool', 'unwrap', 'group_left', 'group_right'])
const COMPARISONS = new Set(['=', '!=', '=~', '!~', '==', '>', '>=', '<', '<='])

export type Colour = 'plain' | 'text' | 'comment' | 'name' | 'word' | 'sign'

/** The query cut into coloured texts; together they are the query. */
export function tokenClasses(query: string): { text: string; name: Colour }[] {
  const tokens = tokenize(query)
  return tokens.map((token, index) => ({ text: token.text, name: colourOf(token, tokens, index) }))
}

function colourOf(token: Token, tokens: Token[], index: number): Colour {
  if (token.kind === 'string' || token.kind === 'number') return 'text'
  if (token.kind === 'comment') return 'comment'
  if (token.kind === 'operator') return 'sign'
  if (token.kind !== 'word') return 'plain'
  if (KEYWORDS.has(token.text)) return 'word'
  const next = tokens.slice(index + 1).find(({ kind }) => kind !== 'space')
  if (next && COMPARISONS.has(next.text)) return 'name'
  const before = tokens.slice(0, index).findLast(({ kind }) => kind !== 'space')
  return before?.text === '|' || next?.text === '(' ? 'word' : 'name'
}
