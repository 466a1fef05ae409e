// A stand-in for Longshore's server: the built page under a strict content security policy, and as much of Loki's API
// as the page asks for, over entries in memory that a test can add to.
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Entry } from './lines.ts'
import { evaluate, evaluateMetric, parseLogQuery, parseMetricQuery, QueryError } from './query.ts'

/** What the page must be content with: the policy that the server sends with it (crates/server/src/page.rs). */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const DIST = new URL('../../dist/', import.meta.url)

export class FakeServer {
  entries: Entry[]
  /** Queries that were asked, in order. */
  readonly asked: string[] = []
  readonly #http: Server
  readonly #sockets = new WebSocketServer({ noServer: true })
  readonly #tails = new Map<WebSocket, string>()

  private constructor(entries: Entry[]) {
    this.entries = entries
    this.#http = createServer((request, response) => void this.#answer(request, response))
    this.#http.on('upgrade', (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (tail) => this.#openTail(tail, new URL(request.url ?? '', 'http://page')))
    })
  }

  /** Listens on a free port. */
  static async start(entries: Entry[]): Promise<FakeServer> {
    const server = new FakeServer(entries)
    await new Promise<void>((resolve) => server.#http.listen(0, '127.0.0.1', resolve))
    return server
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/`
  }

  get tails(): number {
    return this.#tails.size
  }

  /** Stores entries and sends them to the tails that want them. */
  push(entries: Entry[], dropped = 0): void {
    this.entries = [...this.entries, ...entries]
    for (const [tail, query] of this.#tails) this.#send(tail, query, entries, dropped)
  }

  /** Breaks every tail, as a restart of the server does. */
  breakTails(): void {
    for (const tail of this.#tails.keys()) tail.terminate()
  }

  async stop(): Promise<void> {
    this.breakTails()
    this.#http.closeAllConnections()
    await new Promise((resolve) => this.#http.close(resolve))
  }

  #openTail(tail: WebSocket, url: URL): void {
    const query = url.searchParams.get('query') ?? ''
    const startNs = BigInt(url.searchParams.get('start') ?? '0')
    this.#tails.set(tail, query)
    tail.on('close', () => this.#tails.delete(tail))
    this.#send(tail, query, this.entries.filter(({ timeNs }) => timeNs >= startNs), 0)
  }

  /** As Loki does it: metadata is mixed into the stream's labels, so every entry is a stream. */
  #send(tail: WebSocket, query: string, entries: Entry[], dropped: number): void {
    const log = parseLogQuery(query)
    const streams = entries
      .filter((entry) => evaluate(log, entry))
      .map((entry) => ({ stream: { ...entry.labels, ...entry.metadata }, values: [[String(entry.timeNs), entry.line]] }))
    const droppedEntries = Array.from({ length: dropped }, () => ({ labels: '{}', timestamp: '1' }))
    if (streams.length > 0 || dropped > 0) tail.send(JSON.stringify({ streams, dropped_entries: droppedEntries }))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://page')
    try {
      if (!url.pathname.startsWith('/loki/')) return await serveFile(url.pathname, response)
      const data = this.#api(url.pathname.slice('/loki/api/v1/'.length), url.searchParams)
      if (data === undefined) response.writeHead(404).end('404 page not found')
      else response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ status: 'success', data }))
    } catch (error) {
      if (!(error instanceof QueryError)) throw error
      response.writeHead(400, { 'Content-Type': 'text/plain; charset=utf-8' }).end(error.message)
    }
  }

  #api(path: string, params: URLSearchParams): unknown {
    const query = params.get('query') ?? ''
    if (path === 'query_range' || path === 'query') this.asked.push(query)
    if (path === 'query_range') return /^\s*\{/.test(query) ? this.#streams(query, params) : this.#matrix(query, params)
    if (path === 'query') return this.#vector(query, params)
    if (path === 'labels') return this.#names(query, (entry) => Object.keys(entry.labels))
    const label = /^label\/(\w+)\/values$/.exec(path)?.[1]
    if (label) return this.#names(query, (entry) => [entry.labels[label] ?? ''])
    return undefined
  }

  #streams(query: string, params: URLSearchParams) {
    const log = parseLogQuery(query)
    const inSpan = this.#inSpan(params)
    const ordered = params.get('direction') === 'forward' ? inSpan : inSpan.toReversed()
    const streams = new Map<string, { stream: Record<string, string>; values: unknown[] }>()
    let left = Number(params.get('limit') ?? 100)
    for (const entry of ordered) {
      const parsed = evaluate(log, entry)
      if (!parsed) continue
      if (left-- <= 0) break
      const key = JSON.stringify(entry.labels)
      const stream = streams.get(key) ?? { stream: entry.labels, values: [] }
      streams.set(key, stream)
      stream.values.push([String(entry.timeNs), entry.line, { structuredMetadata: entry.metadata, parsed }])
    }
    const stats = { summary: { execTime: 0.004, totalBytesProcessed: inSpan.length * 120 } }
    return { resultType: 'streams', encodingFlags: ['categorize-labels'], result: [...streams.values()], stats }
  }

  #matrix(query: string, params: URLSearchParams) {
    const step = Number(params.get('step') ?? 60)
    const start = Number(params.get('start')) / 1e9
    const end = Number(params.get('end')) / 1e9
    const seconds = Array.from({ length: Math.floor((end - start) / step + 1e-6) + 1 }, (_, index) => start + index * step)
    return { resultType: 'matrix', result: evaluateMetric(parseMetricQuery(query), this.entries, seconds), stats: {} }
  }

  #vector(query: string, params: URLSearchParams) {
    const at = Number(params.get('time')) / 1e9
    const result = evaluateMetric(parseMetricQuery(query), this.entries, [at]).flatMap(({ metric, values }) => values.map((value) => ({ metric, value })))
    return { resultType: 'vector', result, stats: {} }
  }

  #names(selector: string, names: (entry: Entry) => string[]): string[] {
    const log = selector === '' ? { tests: [], parses: false } : parseLogQuery(selector)
    return [...new Set(this.entries.filter((entry) => evaluate(log, entry)).flatMap(names))].filter((name) => name !== '').toSorted()
  }

  #inSpan(params: URLSearchParams): Entry[] {
    const start = BigInt(params.get('start') ?? '0')
    const end = BigInt(params.get('end') ?? '0')
    return this.entries.filter(({ timeNs }) => timeNs >= start && timeNs < end)
  }
}

async function serveFile(pathname: string, response: ServerResponse): Promise<void> {
  const name = pathname === '/' ? 'index.html' : pathname.slice(1)
  try {
    const body = await readFile(new URL(name, DIST))
    response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': POLICY }).end(body)
  } catch {
    response.writeHead(404).end('404 page not found')
  }
}
