// Edits of a query's text: a click on a value, a label or a suggestion becomes LogQL.
// Invariant: what the user wrote elsewhere in the query stays as it is, blanks and comments included.
import { firstSelector, isMetricQuery } from './selector.ts'
import { quote, significant, tokenize, unquote, type Token } from './tokens.ts'

export type Sign = '=' | '!='

/** Stages that may be one word only, so that a line filter can follow the word. */
const BARE_STAGES = new Set(['json', 'logfmt', 'unpack', 'decolorize'])

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** True where LogQL can say this name; other names cannot be filtered by. */
export function isLabelName(name: string): boolean {
  return NAME.test(name)
}

/** Narrows the stream selector. The opposite matcher is turned round, the same one is not repeated. */
export function addMatcher(query: string, name: string, sign: Sign, value: string): string {
  const matcher = `${name}${sign}${quote(value)}`
  const selector = firstSelector(query)
  if (!selector) return `{${matcher}}${query.trim() === '' ? '' : ` ${query.trim()}`}`
  const rival = selector.matchers.find((other) => {
    if (other.name !== name) return false
    return sign === '=' ? other.operator === '=' || other.value === value : other.operator !== '=~' && other.value === value
  })
  if (rival) return query.slice(0, rival.start) + matcher + query.slice(rival.end)
  const last = selector.matchers.at(-1)
  const at = last ? last.end : selector.start + 1
  return `${query.slice(0, at)}${last ? ', ' : ''}${matcher}${query.slice(at)}`
}

/** Adds `| name="value"` at the end of the pipeline, where everything that was parsed is known. */
export function addLabelFilter(query: string, name: string, sign: Sign, value: string): string {
  const existing = findLabelFilter(significant(query), name, value)
  if (existing) return query.slice(0, existing.start) + sign + query.slice(existing.end)
  return addStage(query, `${name}${sign}${quote(value)}`)
}

/** Appends a pipeline stage: `json` or `level="error"`. */
export function addStage(query: string, stage: string): string {
  const text = query.trimEnd()
  const lastToken = tokenize(text).at(-1)
  return `${text}${lastToken?.kind === 'comment' ? '\n' : ' '}| ${stage}`
}

/** True where a stage of the pipeline begins with the word, as in `| json`. */
export function hasStage(query: string, name: string): boolean {
  const tokens = significant(query)
  return tokens.some((token, index) => token.text === '|' && tokens[index + 1]?.text === name)
}

/** The query without its last pipeline stage, or null where it has none. */
export function withoutLastStage(query: string): string | null {
  if (isMetricQuery(query)) return null
  const end = firstSelector(query)?.end ?? 0
  const tokens = significant(query)
  const starts = tokens.filter((token, index) => token.start >= end && startsStage(token) && !compares(tokens, index))
  const last = starts.at(-1)
  return last ? query.slice(0, last.start).trimEnd() : null
}

function startsStage(token: Token): boolean {
  return ['|', '|=', '|~', '|>', '!=', '!~', '!>'].includes(token.text)
}

/** True where `!=` or `!~` belongs to a label filter, as in `| level != "info"`, and is no line filter. */
function compares(tokens: Token[], index: number): boolean {
  const [before, name] = tokens.slice(Math.max(0, index - 2), index)
  if (name?.kind !== 'word' || BARE_STAGES.has(name.text)) return false
  return before !== undefined && ['|', ',', '(', 'or', 'and'].includes(before.text)
}

/** Counts the query's lines by level. Lines that a parser stage could not read are counted too. */
export function levelVolumeQuery(query: string, stepSeconds: number): string {
  const tolerant = isParsing(query) ? addStage(query, 'drop __error__, __error_details__') : query.trimEnd()
  return `sum by (detected_level) (count_over_time(${tolerant}\n[${stepSeconds}s]))`
}

function isParsing(query: string): boolean {
  const tokens = significant(query)
  const end = firstSelector(query)?.end ?? 0
  return tokens.some((token) => token.text === '|' && token.start >= end)
}

/** The operator token of `| name = "value"` with that name and value, whichever way round. */
function findLabelFilter(tokens: Token[], name: string, value: string): Token | null {
  for (const [index, token] of tokens.entries()) {
    const [word, operator, literal] = tokens.slice(index + 1, index + 4)
    const known = token.text === '|' && word?.text === name && (operator?.text === '=' || operator?.text === '!=')
    if (known && literal?.kind === 'string' && unquote(literal.text) === value && ends(tokens[index + 4])) return operator
  }
  return null
}

/** A filter that goes on with `or` or `and` is left alone: turning a part of it round would change the rest. */
function ends(next: Token | undefined): boolean {
  return next === undefined || startsStage(next)
}
