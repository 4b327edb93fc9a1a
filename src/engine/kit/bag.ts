/** Rows with multiplicities, in plain JavaScript. */
import { type Row, rowKey } from "./batches.ts"

export class Bag {
  readonly #entries = new Map<string, { readonly row: Row; weight: number }>()

  add(row: Row, weight: number): void {
    const key = rowKey(row)
    const entry = this.#entries.get(key) ?? { row, weight: 0 }
    entry.weight += weight
    if (entry.weight === 0) this.#entries.delete(key)
    else this.#entries.set(key, entry)
  }

  addAll(other: Bag, sign = 1): void {
    for (const [row, weight] of other.entries()) this.add(row, sign * weight)
  }

  copy(): Bag {
    const twin = new Bag()
    twin.addAll(this)
    return twin
  }

  entries(): [Row, number][] {
    return [...this.#entries.values()].map(({ row, weight }) => [row, weight])
  }

  /** Each row as often as it is there. */
  rows(): Row[] {
    return this.entries().flatMap(([row, weight]) => Array.from({ length: weight }, () => row))
  }

  /** Sorted lines "weight × row", for comparing. */
  lines(): string[] {
    return this.entries()
      .map(([row, weight]) => `${weight} × ${rowKey(row)}`)
      .sort()
  }

  get size(): number {
    return this.#entries.size
  }
}
