/** What a manifest says about the columns of a data file, gathered chunk by chunk. */
import type { ColumnPage } from "./column-writer.ts"
import { decimalOf } from "./iceberg-schema.ts"
import type { Leaf } from "./parquet-schema.ts"
import { lowerBound, upperBound } from "./single-value.ts"

/** By field id. */
export interface Metrics {
  readonly columnSizes: ReadonlyMap<number, number>
  readonly valueCounts: ReadonlyMap<number, number>
  readonly nullValueCounts: ReadonlyMap<number, number>
  readonly nanValueCounts: ReadonlyMap<number, number>
  readonly lowerBounds: ReadonlyMap<number, Uint8Array>
  readonly upperBounds: ReadonlyMap<number, Uint8Array>
  readonly splitOffsets: readonly number[]
}

export class FileMetrics {
  readonly splitOffsets: number[] = []
  readonly #columnSizes = new Map<number, number>()
  readonly #valueCounts = new Map<number, number>()
  readonly #nullValueCounts = new Map<number, number>()
  readonly #nanValueCounts = new Map<number, number>()
  readonly #lower = new Map<number, { leaf: Leaf; value: Uint8Array }>()
  readonly #upper = new Map<number, { leaf: Leaf; value: Uint8Array }>()

  add(leaf: Leaf, page: ColumnPage, sizeBytes: number): void {
    count(this.#columnSizes, leaf.id, sizeBytes)
    count(this.#valueCounts, leaf.id, page.valueCount)
    count(this.#nullValueCounts, leaf.id, page.nullCount)
    if (leaf.type === "double") count(this.#nanValueCounts, leaf.id, page.nanCount)
    if (page.bounds === null) return
    const lower = this.#lower.get(leaf.id)
    if (lower === undefined || compareSingle(leaf, page.bounds.lower, lower.value) < 0)
      this.#lower.set(leaf.id, { leaf, value: page.bounds.lower })
    const upper = this.#upper.get(leaf.id)
    if (upper === undefined || compareSingle(leaf, page.bounds.upper, upper.value) > 0)
      this.#upper.set(leaf.id, { leaf, value: page.bounds.upper })
  }

  take(): Metrics {
    const lowerBounds = new Map<number, Uint8Array>()
    for (const [id, { leaf, value }] of this.#lower)
      lowerBounds.set(id, leaf.physical === "bytes" ? lowerBound(value, leaf.type === "string") : value)
    const upperBounds = new Map<number, Uint8Array>()
    for (const [id, { leaf, value }] of this.#upper) {
      const bound = leaf.physical === "bytes" ? upperBound(value, leaf.type === "string") : value
      if (bound !== null) upperBounds.set(id, bound)
    }
    return {
      columnSizes: this.#columnSizes,
      valueCounts: this.#valueCounts,
      nullValueCounts: this.#nullValueCounts,
      nanValueCounts: this.#nanValueCounts,
      lowerBounds,
      upperBounds,
      splitOffsets: this.splitOffsets,
    }
  }
}

function count(map: Map<number, number>, id: number, by: number): void {
  map.set(id, (map.get(id) ?? 0) + by)
}

/** Order of two single values of the column. */
function compareSingle(leaf: Leaf, a: Uint8Array, b: Uint8Array): number {
  if (leaf.physical === "bytes" || leaf.physical === "boolean") return Buffer.compare(a, b)
  const [x, y] = decimalOf(leaf.type) === null ? [numberOf(leaf, a), numberOf(leaf, b)] : [bigOf(a), bigOf(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

function numberOf({ physical }: Leaf, bytes: Uint8Array): number | bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (physical === "int32") return view.getInt32(0, true)
  return physical === "double" ? view.getFloat64(0, true) : view.getBigInt64(0, true)
}

/** A decimal's unscaled value. */
function bigOf(bytes: Uint8Array): bigint {
  let value = BigInt((bytes[0]! << 24) >> 24)
  for (const byte of bytes.subarray(1)) value = (value << 8n) | BigInt(byte)
  return value
}
