// What there is to look at: the values of the telling labels with their numbers of lines, for the empty query bar.
import { quote } from '../logql/tokens.ts'
import type { Span } from '../view/time.ts'
import type { LokiApi } from './api.ts'

export interface LabelGroup {
  label: string
  /** Most lines first. */
  values: { value: string; lines: number }[]
  /** Values beyond those listed. */
  more: number
}

export interface Overview {
  labels: string[]
  groups: LabelGroup[]
  /** Matches every stream; empty where there are no streams. */
  everything: string
}

/** Labels that tell a stranger most, best first. */
const TELLING = ['service_name', 'k8s_namespace_name', 'k8s_container_name', 'k8s_pod_name', 'deployment_environment_name', 'job', 'app']

/** More groups or values than this are no overview; completion in the query bar finds the rest. */
const MOST_GROUPS = 4
const MOST_VALUES = 12

/** Reads labels and counts lines of the span. */
export async function loadOverview(api: LokiApi, span: Span, signal: AbortSignal): Promise<Overview> {
  const labels = (await api.labels(span, '', signal)).filter((name) => !name.startsWith('__'))
  const chosen = chooseLabels(labels)
  const groups = await Promise.all(chosen.map((label) => countValues(api, label, span, signal)))
  return { labels, groups: groups.filter(({ values }) => values.length > 0), everything: everySelector(labels) }
}

/** The labels of the overview: telling ones, then others in the order of their names. */
export function chooseLabels(labels: string[]): string[] {
  const telling = TELLING.filter((name) => labels.includes(name))
  return [...telling, ...labels.filter((name) => !TELLING.includes(name))].slice(0, MOST_GROUPS)
}

/** A selector that matches every stream, made from a label that every stream is likely to have. */
export function everySelector(labels: string[]): string {
  const [label] = chooseLabels(labels)
  return label ? `{${label}=~".+"}` : ''
}

/** The query for one value. */
export function valueSelector(label: string, value: string): string {
  return `{${label}=${quote(value)}}`
}

async function countValues(api: LokiApi, label: string, span: Span, signal: AbortSignal): Promise<LabelGroup> {
  const seconds = Math.max(1, Math.round((span.endMs - span.startMs) / 1000))
  const query = `sum by (${label}) (count_over_time({${label}=~".+"}[${seconds}s]))`
  const samples = await api.queryInstant(query, span.endMs, signal)
  const counted = samples.map(({ metric, value }) => ({ value: metric[label] ?? '', lines: Number(value[1]) }))
  const values = counted.toSorted((a, b) => b.lines - a.lines || a.value.localeCompare(b.value))
  return { label, values: values.slice(0, MOST_VALUES), more: Math.max(0, values.length - MOST_VALUES) }
}
