// Names and values for completion, remembered for a short while, so that typing does not ask again and again.
import type { Wanted } from '../logql/complete.ts'
import { narrowing } from '../logql/complete.ts'
import type { Span } from '../view/time.ts'
import type { LokiApi } from './api.ts'

/** New labels appear seldom; a reader who misses one asks again after this. */
const REMEMBER_MS = 30_000

/** More answers than this are forgotten all at once. */
const MOST_ANSWERS = 200

export class Catalogue {
  readonly #api: LokiApi
  readonly #answers = new Map<string, { atMs: number; names: Promise<string[]> }>()

  constructor(api: LokiApi) {
    this.#api = api
  }

  /** Candidates for what is wanted; none where the server cannot say. `fields` are names seen in results. */
  async candidates(wanted: Wanted, span: Span, fields: string[], nowMs: number): Promise<string[]> {
    switch (wanted.kind) {
      case 'label':
        return this.#remembered(`label ${narrowing(wanted.matchers)}`, nowMs, () => this.#api.labels(span, narrowing(wanted.matchers)))
      case 'value': {
        const { label } = wanted
        const selector = narrowing(wanted.matchers)
        return this.#remembered(`value ${label} ${selector}`, nowMs, () => this.#api.labelValues(label, span, selector))
      }
      case 'grouping': {
        const labels = await this.#remembered('label ', nowMs, () => this.#api.labels(span, ''))
        return [...new Set([...labels, ...fields])]
      }
      case 'stage':
        return fields
      default:
        return []
    }
  }

  #remembered(key: string, nowMs: number, ask: () => Promise<string[]>): Promise<string[]> {
    const known = this.#answers.get(key)
    if (known && nowMs - known.atMs < REMEMBER_MS) return known.names
    if (this.#answers.size >= MOST_ANSWERS) this.#answers.clear()
    const names = ask().catch(() => {
      this.#answers.delete(key)
      return []
    })
    this.#answers.set(key, { atMs: nowMs, names })
    return names
  }
}
