// The page's state in its address, so that a view can be shared and the back button works.
// Invariant: readView(writeView(view)) is the view; whatever an address holds, a usable view comes out.
import { durationMs, type Range } from './time.ts'

export type Direction = 'backward' | 'forward'

export interface View {
  query: string
  range: Range
  limit: number
  direction: Direction
  live: boolean
}

export const LIMITS = [100, 1000, 5000]

export const DEFAULT_VIEW: View = {
  query: '',
  range: { kind: 'relative', last: '1h' },
  limit: 1000,
  direction: 'backward',
  live: false,
}

/** Reads `?query=..&from=..&to=..&limit=..&direction=..&live=1`. */
export function readView(search: string): View {
  const params = new URLSearchParams(search)
  const limit = Number(params.get('limit'))
  return {
    query: params.get('query') ?? '',
    range: readRange(params.get('from'), params.get('to')),
    limit: LIMITS.includes(limit) ? limit : DEFAULT_VIEW.limit,
    direction: params.get('direction') === 'forward' ? 'forward' : 'backward',
    live: params.get('live') === '1',
  }
}

/** The search part with a leading `?`, or nothing for the view that a bare address means. */
export function writeView(view: View): string {
  const params = new URLSearchParams()
  if (view.query !== '') params.set('query', view.query)
  if (view.range.kind === 'absolute') {
    params.set('from', new Date(view.range.fromMs).toISOString())
    params.set('to', new Date(view.range.toMs).toISOString())
  } else if (view.range.last !== '1h') {
    params.set('from', `now-${view.range.last}`)
  }
  if (view.limit !== DEFAULT_VIEW.limit) params.set('limit', String(view.limit))
  if (view.direction !== DEFAULT_VIEW.direction) params.set('direction', view.direction)
  if (view.live) params.set('live', '1')
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

function readRange(from: string | null, to: string | null): Range {
  const last = from?.startsWith('now-') ? from.slice(4) : ''
  if (durationMs(last) !== null) return { kind: 'relative', last }
  const fromMs = Date.parse(from ?? '')
  const toMs = Date.parse(to ?? '')
  return fromMs < toMs ? { kind: 'absolute', fromMs, toMs } : DEFAULT_VIEW.range
}
