// Turns streams of entries into the rows of the list, in the order in which they are shown.
import { toLevel, type Level } from '../view/levels.ts'
import { compareNs, nsToMs } from '../view/time.ts'
import type { Direction } from '../view/url.ts'
import type { ApiStream, Labels } from './api.ts'

export interface Row {
  /** Unique on this page for as long as the row lives. */
  id: number
  timeNs: string
  timeMs: number
  line: string
  /** Labels of the stream: they select. */
  labels: Labels
  /** Structured metadata: it filters. */
  metadata: Labels
  /** What the query's parsers found: it filters. */
  parsed: Labels
  level: Level
}

let nextId = 1

/**
 * All entries, ordered by time; entries of one instant keep the order in which they came. `indexed` are the known
 * names of stream labels: where the server does not tell metadata from labels, as in a live tail, they do.
 */
export function toRows(streams: ApiStream[], direction: Direction, indexed: ReadonlySet<string>): Row[] {
  const rows: Row[] = []
  for (const { stream, values } of streams) {
    const shared = split(stream, indexed)
    for (const [timeNs, line, extra] of values) {
      const labels = extra ? stream : shared.labels
      const metadata = extra ? (extra.structuredMetadata ?? {}) : shared.others
      const parsed = extra?.parsed ?? {}
      rows.push({ id: nextId++, timeNs, timeMs: nsToMs(timeNs), line, labels, metadata, parsed, level: levelOf(labels, metadata, parsed) })
    }
  }
  const sign = direction === 'backward' ? -1 : 1
  return rows.toSorted((a, b) => sign * compareNs(a.timeNs, b.timeNs))
}

function split(stream: Labels, indexed: ReadonlySet<string>): { labels: Labels; others: Labels } {
  if (indexed.size === 0) return { labels: stream, others: {} }
  const labels: Labels = {}
  const others: Labels = {}
  for (const [name, value] of Object.entries(stream)) (indexed.has(name) ? labels : others)[name] = value
  return { labels, others }
}

function levelOf(labels: Labels, metadata: Labels, parsed: Labels): Level {
  return toLevel(metadata.detected_level ?? labels.detected_level ?? parsed.detected_level ?? labels.level ?? parsed.level)
}

/** Labels that say where a line comes from, best first. */
const SOURCES = ['service_name', 'k8s_container_name', 'container', 'app', 'job', 'filename']

/** What the list shows beside the time: the name of the service or what comes nearest to it. */
export function sourceOf(row: Row): string {
  const name = SOURCES.find((candidate) => row.labels[candidate])
  return name ? (row.labels[name] ?? '') : (Object.values(row.labels)[0] ?? '')
}

/** Same stream, time and line: the same entry, seen twice. */
export function entryKey(row: Row): string {
  return `${row.timeNs}\n${row.line}\n${JSON.stringify(row.labels)}`
}

/** The syntax that a line is written in, as far as the page can help with it. */
export function syntaxOf(line: string): 'json' | 'logfmt' | 'text' {
  const text = line.trim()
  if (text.startsWith('{') && text.endsWith('}')) return isJson(text) ? 'json' : 'text'
  const pairs = text.match(/(?:^|\s)[A-Za-z_][\w.]*=(?:"[^"]*"|\S+)/g)
  return pairs && pairs.length >= 2 ? 'logfmt' : 'text'
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const ANSI_COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, 'g')

/** The line without the colour codes of terminals. */
export function readable(line: string): string {
  return line.replace(ANSI_COLOURS, '')
}
