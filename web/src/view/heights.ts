// Where each row of a long list stands, when rows differ in height: a Fenwick tree over heights in pixels.
// Finding the row at a position and the position of a row both take log(n) steps.

export class Heights {
  readonly #values: Float64Array
  readonly #tree: Float64Array
  readonly #top: number

  /** `heightOf` gives the height of each row, measured or guessed. */
  constructor(count: number, heightOf: (index: number) => number) {
    this.#values = new Float64Array(count)
    this.#tree = new Float64Array(count + 1)
    this.#top = 2 ** Math.floor(Math.log2(Math.max(1, count)))
    for (let index = 0; index < count; index += 1) {
      const height = heightOf(index)
      this.#values[index] = height
      this.#tree[index + 1] = (this.#tree[index + 1] ?? 0) + height
      const parent = index + 1 + ((index + 1) & -(index + 1))
      if (parent <= count) this.#tree[parent] = (this.#tree[parent] ?? 0) + (this.#tree[index + 1] ?? 0)
    }
  }

  get count(): number {
    return this.#values.length
  }

  /** Sum of all heights. */
  get total(): number {
    return this.offset(this.count)
  }

  /** Corrects the height of a row; returns by how much it grew. */
  set(index: number, height: number): number {
    const growth = height - (this.#values[index] ?? 0)
    if (growth === 0) return 0
    this.#values[index] = height
    for (let at = index + 1; at < this.#tree.length; at += at & -at) this.#tree[at] = (this.#tree[at] ?? 0) + growth
    return growth
  }

  /** Position of the upper edge of a row: the sum of the heights before it. */
  offset(index: number): number {
    let sum = 0
    for (let at = Math.min(index, this.count); at > 0; at -= at & -at) sum += this.#tree[at] ?? 0
    return sum
  }

  /** The row that covers the position; the first or the last one beyond the ends. */
  find(position: number): number {
    let index = 0
    let left = position
    for (let step = this.#top; step > 0; step >>= 1) {
      const sum = this.#tree[index + step]
      if (sum !== undefined && sum <= left) {
        index += step
        left -= sum
      }
    }
    return Math.max(0, Math.min(index, this.count - 1))
  }
}

/** Half-open range of the rows that a viewport shows, with some more on both sides. */
export function visibleRows(heights: Heights, top: number, viewport: number, extra: number): { first: number; end: number } {
  if (heights.count === 0) return { first: 0, end: 0 }
  const first = Math.max(0, heights.find(top) - extra)
  const end = Math.min(heights.count, heights.find(top + viewport) + 1 + extra)
  return { first, end }
}
