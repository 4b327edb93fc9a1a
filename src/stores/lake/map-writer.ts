/**
 * A required map<string, string> of a row group on its way into Parquet: two columns, keys and values, that
 * share their levels. An empty map is one level pair (0, 0); an entry's definition is 1, its repetition 1
 * behind the first.
 */
import { ByteSink } from "./byte-sink.ts"
import type { ColumnPage } from "./column-writer.ts"
import { Levels } from "./levels.ts"

/** Keys with their values. */
export type Entries = readonly (readonly [key: string, value: string])[]

export class MapWriter {
  readonly #keys = new ByteSink()
  readonly #values = new ByteSink()
  readonly #definitions = new Levels()
  readonly #repetitions = new Levels()

  get sizeBytes(): number {
    return this.#keys.length + this.#values.length
  }

  /** One row for each list of entries, empty ones for what is missing up to `count`. */
  append(rows: readonly Entries[], count: number): void {
    let empty = 0
    for (const entries of rows) {
      if (entries.length === 0) {
        empty++
        continue
      }
      this.#addEmpty(empty)
      empty = 0
      this.#addEntries(entries)
    }
    this.#addEmpty(empty + count - rows.length)
  }

  #addEmpty(count: number): void {
    this.#definitions.add(0, count)
    this.#repetitions.add(0, count)
  }

  #addEntries(entries: Entries): void {
    this.#definitions.add(1, entries.length)
    this.#repetitions.add(0, 1)
    this.#repetitions.add(1, entries.length - 1)
    for (const [key, value] of entries) {
      this.#keys.lengthAndBytes(Buffer.from(key))
      this.#values.lengthAndBytes(Buffer.from(value))
    }
  }

  /** Keys, values; begins again. */
  pages(): readonly [keys: ColumnPage, values: ColumnPage] {
    const levels = Buffer.concat([this.#repetitions.encode(), this.#definitions.encode()])
    const page = (values: ByteSink): ColumnPage => ({
      bytes: Buffer.concat([levels, values.bytes]),
      valueCount: this.#definitions.count,
      nullCount: this.#definitions.zeros,
      nanCount: 0,
      bounds: null,
    })
    const pages = [page(this.#keys), page(this.#values)] as const
    this.#keys.clear()
    this.#values.clear()
    this.#definitions.clear()
    this.#repetitions.clear()
    return pages
  }
}
