// A live tail: one WebSocket, opened again with growing pauses when it breaks.
// Invariants: it resumes at the last entry it has shown, and an entry that comes twice is shown once.
import type { ApiStream } from './api.ts'
import { entryKey, toRows, type Row } from './rows.ts'
import { compareNs } from '../view/time.ts'

export type TailState = { kind: 'connecting' } | { kind: 'live' } | { kind: 'waiting'; pauseMs: number; reason: string }

/** The part of a WebSocket that a tail needs. */
export interface Socket {
  onopen: (() => void) | null
  onmessage: ((event: { data: string }) => void) | null
  onclose: ((event: { code: number; reason: string }) => void) | null
  close(): void
}

export interface TailEvents {
  /** New rows, oldest first. */
  rows(rows: Row[]): void
  /** The server could not keep up and left out this many entries. */
  dropped(count: number): void
  state(state: TailState): void
}

export interface TailSettings {
  /** The address of a tail that begins at this instant. */
  url(startNs: string): string
  startNs: string
  /** Rows on the page already; those at `startNs` would come again. */
  shown: Row[]
  indexed: ReadonlySet<string>
  open(url: string): Socket
  /** Runs an action later; the answer takes it back. */
  later(action: () => void, pauseMs: number): () => void
}

/** Doubles from the first to the last, so that a server that restarts is found at once and one that is gone is left in peace. */
const FIRST_PAUSE_MS = 500
const LAST_PAUSE_MS = 15_000

interface Frame {
  streams?: ApiStream[] | null
  dropped_entries?: unknown[] | null
}

export class Tail {
  readonly #settings: TailSettings
  readonly #events: TailEvents
  #socket: Socket | null = null
  #cancelPause: (() => void) | null = null
  #pauseMs = FIRST_PAUSE_MS
  #lastNs: string
  /** Entries at `#lastNs` that were shown. */
  #shown: Set<string>

  constructor(settings: TailSettings, events: TailEvents) {
    this.#settings = settings
    this.#events = events
    this.#lastNs = settings.startNs
    this.#shown = new Set(settings.shown.filter(({ timeNs }) => timeNs === settings.startNs).map(entryKey))
    this.#connect()
  }

  /** Ends the tail; no event comes after it. */
  stop(): void {
    this.#cancelPause?.()
    this.#cancelPause = null
    const socket = this.#socket
    this.#socket = null
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }

  #connect(): void {
    this.#events.state({ kind: 'connecting' })
    const socket = this.#settings.open(this.#settings.url(this.#lastNs))
    this.#socket = socket
    socket.onopen = () => this.#events.state({ kind: 'live' })
    socket.onmessage = ({ data }) => this.#receive(data)
    socket.onclose = ({ code, reason }) => this.#reconnect(reason || `connection closed (${code})`)
  }

  #receive(data: string): void {
    this.#pauseMs = FIRST_PAUSE_MS
    const frame = JSON.parse(data) as Frame
    const rows = toRows(frame.streams ?? [], 'forward', this.#settings.indexed).filter((row) => this.#isNew(row))
    if (rows.length > 0) this.#events.rows(rows)
    const dropped = frame.dropped_entries?.length ?? 0
    if (dropped > 0) this.#events.dropped(dropped)
  }

  /** Entries older than the last one are late, not repeated: a tail begins at the last one, so they are let through. */
  #isNew(row: Row): boolean {
    const order = compareNs(row.timeNs, this.#lastNs)
    if (order < 0) return true
    if (order > 0) {
      this.#lastNs = row.timeNs
      this.#shown.clear()
    }
    const key = entryKey(row)
    if (this.#shown.has(key)) return false
    this.#shown.add(key)
    return true
  }

  #reconnect(reason: string): void {
    this.#socket = null
    const pauseMs = this.#pauseMs
    this.#pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)
    this.#events.state({ kind: 'waiting', pauseMs, reason })
    this.#cancelPause = this.#settings.later(() => this.#connect(), pauseMs)
  }
}
