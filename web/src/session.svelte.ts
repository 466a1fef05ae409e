// What the page knows and does: the view, its results, the live tail. Components read it and call it.
// Invariant: results on the page belong to the view in the address, or `busy` is true.
import { ApiError, LokiApi, type RangeResult } from './loki/api.ts'
import { Catalogue } from './loki/catalogue.ts'
import { loadOverview, type Overview } from './loki/overview.ts'
import { toRows, type Row } from './loki/rows.ts'
import { Tail, type Socket, type TailState } from './loki/tail.ts'
import { levelVolumeQuery } from './logql/edit.ts'
import { isMetricQuery } from './logql/selector.ts'
import { searchTerms } from './logql/terms.ts'
import { bucketSeconds, bucketSpan, toBuckets, type Buckets } from './view/buckets.ts'
import { arrive, LIVE_ROWS, showWaiting, type LiveRows } from './view/live.ts'
import { metricStep, toSeries, type Series } from './view/series.ts'
import { resolve, toNs, type Range, type Span } from './view/time.ts'
import { readView, writeView, type View } from './view/url.ts'

/** How often counts and charts follow while live. */
const REFRESH_MS = 5000

/** How often an empty store is asked whether the first line has come. */
const FIRST_LINE_MS = 2000

/** Field names for completion are taken from this many rows. */
const SAMPLED_ROWS = 200

export interface Stats {
  /** What the server says it took; the whole round trip where it says nothing. */
  elapsedMs: number
  bytes: number
}

function toStats({ stats }: RangeResult, elapsedMs: number): Stats {
  const { execTime, totalBytesProcessed } = stats?.summary ?? {}
  return { elapsedMs: execTime ? execTime * 1000 : elapsedMs, bytes: totalBytesProcessed ?? 0 }
}

const NO_ROWS: LiveRows = { rows: [], waiting: [], skipped: 0 }

export class Session {
  readonly api = new LokiApi(document.baseURI)
  readonly catalogue = new Catalogue(this.api)

  view = $state.raw<View>(readView(location.search))
  /** The text in the query bar, which may be ahead of the view. */
  draft = $state('')
  busy = $state(false)
  error = $state('')
  span = $state.raw<Span>({ startMs: 0, endMs: 1 })
  list = $state.raw<LiveRows>(NO_ROWS)
  series = $state.raw<Series[]>([])
  stepSeconds = $state(1)
  stats = $state.raw<Stats | null>(null)
  volume = $state.raw<Buckets | null>(null)
  volumeError = $state('')
  overview = $state.raw<Overview | null>(null)
  tailState = $state.raw<TailState | null>(null)
  dropped = $state(0)
  /** The reader looks at older lines: new ones wait. */
  paused = $state(false)
  /** Counts the times the list was filled anew, so that it knows when to go back to its start. */
  fillings = $state(0)

  readonly kind = $derived(this.view.query.trim() === '' ? 'overview' : isMetricQuery(this.view.query) ? 'series' : 'lines')
  readonly terms = $derived(searchTerms(this.view.query))

  #running = new AbortController()
  #tail: Tail | null = null
  #refresh: number | undefined
  #indexed: ReadonlySet<string> = new Set()

  /** Shows what the address says, and follows it from now on. */
  start(): void {
    addEventListener('popstate', () => this.#show(readView(location.search)))
    this.#show(this.view)
  }

  /** Changes the view and runs it; the view before is one step back in the history. */
  run(change: Partial<View>): void {
    const view = { ...this.view, ...change }
    if (view.live && view.range.kind === 'absolute') view.range = { kind: 'relative', last: '15m' }
    const address = location.pathname + writeView(view)
    if (address !== location.pathname + location.search) history.pushState(null, '', address)
    this.#show(view)
  }

  /** Runs what is in the query bar, with a change of the controls beside it. */
  adjust(change: Partial<View>): void {
    this.run({ query: this.draft, ...change })
  }

  /** A range chosen by hand is over before now, so it ends the live tail. */
  setRange(range: Range): void {
    this.adjust({ range, live: this.view.live && range.kind === 'relative' })
  }

  /** Looks closer at a part of the histogram, which belongs to the view and not to what is being typed. */
  zoom(fromMs: number, toMs: number): void {
    this.run({ range: { kind: 'absolute', fromMs, toMs }, live: false })
  }

  /** Shows the rows that waited while the reader looked elsewhere. */
  resume(): void {
    this.list = showWaiting(this.list, this.view.direction)
    this.paused = false
  }

  setPaused(paused: boolean): void {
    if (!this.view.live || paused === this.paused) return
    if (paused) this.paused = true
    else this.resume()
  }

  /** Names of fields that the lines on the page have. */
  fieldNames(): string[] {
    const names = new Set<string>()
    for (const row of this.list.rows.slice(0, SAMPLED_ROWS)) {
      for (const name of [...Object.keys(row.metadata), ...Object.keys(row.parsed)]) names.add(name)
    }
    return [...names].toSorted()
  }

  #show(view: View): void {
    this.#stop()
    this.#running = new AbortController()
    this.view = view
    this.draft = view.query
    this.error = this.volumeError = ''
    this.paused = false
    this.dropped = 0
    this.tailState = null
    void this.#load(this.#running.signal)
  }

  #stop(): void {
    this.#running.abort()
    this.#tail?.stop()
    this.#tail = null
    clearTimeout(this.#refresh)
  }

  async #load(signal: AbortSignal): Promise<void> {
    this.busy = true
    try {
      if (this.kind === 'overview') await this.#loadOverview(signal)
      else if (this.kind === 'series') await this.#loadSeries(signal)
      else await this.#loadLines(signal)
    } catch (error) {
      if (signal.aborted) return
      this.error = error instanceof ApiError ? error.message : `The answer could not be read: ${String(error)}`
      this.list = NO_ROWS
      this.series = []
      this.stats = this.volume = null
      if (this.kind === 'overview') this.#later(FIRST_LINE_MS, () => this.#loadOverview(signal), signal)
    }
    if (!signal.aborted) this.busy = false
  }

  async #loadOverview(signal: AbortSignal): Promise<void> {
    this.span = this.#spanNow()
    const overview = await loadOverview(this.api, this.span, signal)
    if (signal.aborted) return
    this.overview = overview
    this.error = ''
    const empty = overview.everything === ''
    if (empty) this.volume = null
    else await this.#loadVolume(overview.everything, signal)
    this.#later(empty ? FIRST_LINE_MS : REFRESH_MS, () => this.#loadOverview(signal), signal)
  }

  async #loadSeries(signal: AbortSignal): Promise<void> {
    const span = resolve(this.view.range, Date.now())
    const stepSeconds = metricStep(span)
    const { result, elapsedMs } = await this.#queryRange(span, signal, stepSeconds)
    if (signal.aborted) return
    this.span = span
    this.stepSeconds = stepSeconds
    this.series = result.resultType === 'matrix' ? toSeries(result.result) : []
    this.stats = toStats(result, elapsedMs)
    if (this.view.live) this.#later(REFRESH_MS, () => this.#loadSeries(signal), signal)
  }

  async #loadLines(signal: AbortSignal): Promise<void> {
    const span = this.#spanNow()
    const volume = this.#loadVolume(this.view.query, signal, span)
    const { result, elapsedMs } = await this.#queryRange(span, signal)
    if (signal.aborted) return
    this.span = span
    this.list = { ...NO_ROWS, rows: result.resultType === 'streams' ? toRows(result.result, this.view.direction, new Set()) : [] }
    this.fillings += 1
    this.stats = toStats(result, elapsedMs)
    if (this.view.live) await this.#startTail(span, signal)
    await volume
    if (this.view.live) this.#later(REFRESH_MS, () => this.#followVolume(signal), signal)
  }

  async #queryRange(span: Span, signal: AbortSignal, stepSeconds?: number) {
    const { query, limit } = this.view
    // The newest lines are what a live view begins with, whichever way it is shown.
    const direction = this.view.live ? 'backward' : this.view.direction
    const since = performance.now()
    const step = stepSeconds === undefined ? { limit, direction } : { stepSeconds }
    const result = await this.api.queryRange({ query, span, ...step }, signal)
    return { result, elapsedMs: performance.now() - since }
  }

  /** A histogram that fails leaves the lines alone. */
  async #loadVolume(query: string, signal: AbortSignal, span = this.span): Promise<void> {
    const stepSeconds = bucketSeconds(resolve(this.view.range, span.endMs))
    const whole = bucketSpan(span, stepSeconds * 1000)
    // A sample counts the step before it, so the first one stands one step after the start.
    const samples = { startMs: whole.startMs + stepSeconds * 1000, endMs: whole.endMs }
    try {
      const answer = await this.api.queryRange({ query: levelVolumeQuery(query, stepSeconds), span: samples, stepSeconds }, signal)
      if (signal.aborted) return
      const series = answer.resultType === 'matrix' ? answer.result : []
      const levels = series.map(({ metric, values }) => ({
        level: metric.detected_level,
        samples: values.map(([seconds, count]): [number, number] => [seconds, Number(count)]),
      }))
      this.volume = toBuckets(levels, whole, stepSeconds * 1000)
      this.volumeError = ''
    } catch (error) {
      if (signal.aborted) return
      this.volume = null
      this.volumeError = error instanceof Error ? error.message : String(error)
    }
  }

  async #followVolume(signal: AbortSignal): Promise<void> {
    const span = this.#spanNow()
    await this.#loadVolume(this.view.query, signal, span)
    if (signal.aborted) return
    this.span = span
    this.#later(REFRESH_MS, () => this.#followVolume(signal), signal)
  }

  /** The span of the range now. It begins with a whole bucket, so the histogram counts the same lines as the list. */
  #spanNow(): Span {
    const span = resolve(this.view.range, Date.now())
    if (this.view.range.kind === 'absolute') return span
    return { startMs: bucketSpan(span, bucketSeconds(span) * 1000).startMs, endMs: span.endMs }
  }

  async #startTail(span: Span, signal: AbortSignal): Promise<void> {
    this.#indexed = new Set(await this.api.labels(span, '', signal).catch(() => [...this.#indexed]))
    if (signal.aborted) return
    const { query, direction } = this.view
    const { rows } = this.list
    const newest = direction === 'backward' ? rows[0] : rows.at(-1)
    const settings = {
      url: (startNs: string) => this.api.tailUrl(query, startNs, LIVE_ROWS),
      startNs: newest?.timeNs ?? toNs(span.endMs),
      shown: rows,
      indexed: this.#indexed,
      open: (url: string) => new WebSocket(url) as Socket,
      later: (action: () => void, pauseMs: number) => {
        const timer = setTimeout(action, pauseMs)
        return () => clearTimeout(timer)
      },
    }
    this.#tail = new Tail(settings, {
      rows: (arrived: Row[]) => (this.list = arrive(this.list, arrived, direction, this.paused)),
      dropped: (count) => (this.dropped += count),
      state: (state) => (this.tailState = state),
    })
  }

  /** Runs a refresh later; while the page is hidden it waits for the reader, and a failure is tried again. */
  #later(pauseMs: number, refresh: () => Promise<void>, signal: AbortSignal): void {
    if (signal.aborted) return
    clearTimeout(this.#refresh)
    const attempt = () => {
      if (signal.aborted) return
      if (document.hidden) this.#later(pauseMs, refresh, signal)
      else void refresh().catch(() => this.#later(pauseMs, refresh, signal))
    }
    this.#refresh = window.setTimeout(attempt, pauseMs)
  }
}
