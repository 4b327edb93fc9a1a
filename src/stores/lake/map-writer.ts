/**
 * A required map<string, string> of a row group on its way into Parquet: two columns, keys and values, that
 * share their levels. An empty map is one level pair (0, 0); an entry's definition is 1, its repetition 1
 * behind the first.
 */
import { ByteSink } from "./byte-sink.ts"
import type { ColumnPage } from "./column-writer.ts"
import { encodeLevels } from "./levels.ts"

export class MapWriter {
  readonly #keys = new ByteSink()
  readonly #values = new ByteSink()
  #definitions: number[] = []
  #repetitions: number[] = []

  get sizeBytes(): number {
    return this.#keys.length + this.#values.length
  }

  append(entries: readonly (readonly [key: string, value: string])[]): void {
    if (entries.length === 0) {
      this.#definitions.push(0)
      this.#repetitions.push(0)
      return
    }
    for (const [index, [key, value]] of entries.entries()) {
      this.#definitions.push(1)
      this.#repetitions.push(index === 0 ? 0 : 1)
      appendText(this.#keys, key)
      appendText(this.#values, value)
    }
  }

  /** Keys, values; begins again. */
  pages(): readonly [keys: ColumnPage, values: ColumnPage] {
    const levels = Buffer.concat([encodeLevels(this.#repetitions), encodeLevels(this.#definitions)])
    const page = (values: ByteSink): ColumnPage => ({
      bytes: Buffer.concat([levels, values.bytes]),
      valueCount: this.#definitions.length,
      nullCount: this.#definitions.reduce((count, level) => count + 1 - level, 0),
      nanCount: 0,
      bounds: null,
    })
    const pages = [page(this.#keys), page(this.#values)] as const
    this.#keys.clear()
    this.#values.clear()
    this.#definitions = []
    this.#repetitions = []
    return pages
  }
}

function appendText(sink: ByteSink, value: string): void {
  const bytes = Buffer.from(value)
  sink.lengthAndBytes(bytes, 0, bytes.length)
}
