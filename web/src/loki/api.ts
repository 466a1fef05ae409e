// Loki's HTTP API as far as the page uses it. Addresses are relative to the page, so it works under any prefix.
// Errors carry the server's own text, because that is what helps the person who wrote the query.
import { toNs, type Span } from '../view/time.ts'
import type { Direction } from '../view/url.ts'

export type Labels = Record<string, string>

/** `[nanoseconds, line]`, with a third part where the server tells metadata and parsed fields apart. */
export type ApiEntry = [string, string, { structuredMetadata?: Labels; parsed?: Labels }?]

export interface ApiStream {
  stream: Labels
  values: ApiEntry[]
}

/** Samples are `[seconds, number as text]`. */
export interface ApiSeries {
  metric: Labels
  values: [number, string][]
}

export interface ApiStats {
  summary?: { execTime?: number; totalBytesProcessed?: number; totalLinesProcessed?: number }
}

export type RangeResult =
  | { resultType: 'streams'; result: ApiStream[]; stats?: ApiStats }
  | { resultType: 'matrix'; result: ApiSeries[]; stats?: ApiStats }

export interface InstantSample {
  metric: Labels
  value: [number, string]
}

/** A refused or failed request: `message` is the server's text, or says that there is no server. */
export class ApiError extends Error {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.name = 'ApiError'
    this.status = status
  }
}

export interface RangeRequest {
  query: string
  span: Span
  limit?: number
  direction?: Direction
  stepSeconds?: number
}

export class LokiApi {
  readonly #base: URL

  /** `page` is the address that the API's paths are relative to. */
  constructor(page: string) {
    this.#base = new URL('loki/api/v1/', page)
  }

  /** Lines or series of a span of time. */
  async queryRange(request: RangeRequest, signal?: AbortSignal): Promise<RangeResult> {
    const params = spanParams(request.span)
    params.set('query', request.query)
    if (request.limit !== undefined) params.set('limit', String(request.limit))
    if (request.direction) params.set('direction', request.direction)
    if (request.stepSeconds !== undefined) params.set('step', String(request.stepSeconds))
    return this.#data<RangeResult>('query_range', params, signal)
  }

  /** One number a series, at one instant. */
  async queryInstant(query: string, atMs: number, signal?: AbortSignal): Promise<InstantSample[]> {
    const params = new URLSearchParams({ query, time: toNs(atMs) })
    const data = await this.#data<{ resultType: string; result: InstantSample[] }>('query', params, signal)
    return data.resultType === 'vector' ? data.result : []
  }

  /** Label names, of the streams that the selector matches where one is given. */
  async labels(span: Span, selector: string, signal?: AbortSignal): Promise<string[]> {
    return this.#names('labels', span, selector, signal)
  }

  /** Values of a label. */
  async labelValues(name: string, span: Span, selector: string, signal?: AbortSignal): Promise<string[]> {
    return this.#names(`label/${encodeURIComponent(name)}/values`, span, selector, signal)
  }

  /** The address of a live tail that begins with the entries at `startNs`. */
  tailUrl(query: string, startNs: string, limit: number): string {
    const url = new URL('tail', this.#base)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    url.search = new URLSearchParams({ query, start: startNs, limit: String(limit) }).toString()
    return url.href
  }

  async #names(path: string, span: Span, selector: string, signal?: AbortSignal): Promise<string[]> {
    const params = spanParams(span)
    if (selector !== '') params.set('query', selector)
    return (await this.#data<string[] | undefined>(path, params, signal)) ?? []
  }

  async #data<T>(path: string, params: URLSearchParams, signal?: AbortSignal): Promise<T> {
    const url = new URL(path, this.#base)
    url.search = params.toString()
    const headers = { Accept: 'application/json', 'X-Loki-Response-Encoding-Flags': 'categorize-labels' }
    let response: Response
    try {
      response = await fetch(url, { headers, signal: signal ?? null })
    } catch (error) {
      if (signal?.aborted) throw error
      throw new ApiError('The server does not answer. Is it still running?', 0)
    }
    if (!response.ok) throw new ApiError(await errorText(response), response.status)
    const body = (await response.json()) as { data: T }
    return body.data
  }
}

function spanParams({ startMs, endMs }: Span): URLSearchParams {
  return new URLSearchParams({ start: toNs(startMs), end: toNs(endMs) })
}

/** Loki answers errors as plain text; proxies in between may answer JSON or a page. */
async function errorText(response: Response): Promise<string> {
  const text = (await response.text()).trim()
  if (text.startsWith('{')) {
    try {
      const body = JSON.parse(text) as { message?: string; error?: string }
      return body.message ?? body.error ?? text
    } catch {
      return text
    }
  }
  return text === '' || text.startsWith('<') ? `The server answered ${response.status}.` : text
}
