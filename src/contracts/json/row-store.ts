/**
 * The typed arrays that decoded rows are written into: all columns of a batch in one slab of memory, so that
 * a batch costs one large allocation. Layout: 64-bit columns, then 32-bit ones, then bytes; `capacity` rows
 * each.
 */
import type { LogicalType } from "../../columns/types.ts"
import { isVariableWidth } from "../../columns/types.ts"
import type { Vector, VectorValues } from "../../columns/vector.ts"
import { NO_DATA, NO_ENDS, wordsPerRow } from "../../columns/vector.ts"

export interface ColumnStore {
  readonly type: LogicalType
  readonly nulls: Uint8Array
  readonly values: VectorValues
  /** 64-bit columns as 32-bit halves, low one first: stores without making a BigInt. Others: empty. */
  readonly halves: Int32Array
  readonly ends: Int32Array
}

/** Rows are rounded up to it, so that every column begins on a multiple of 8 bytes. */
const ROW_ROUNDING = 8

export class RowStore {
  readonly types: readonly LogicalType[]
  capacity = 0
  /** Holds every array of the store. */
  slab = new ArrayBuffer(0)
  columns: readonly ColumnStore[] = []
  valueStarts: Int32Array = NO_ENDS
  valueEnds: Int32Array = NO_ENDS
  indexes: Int32Array = NO_ENDS

  constructor(types: readonly LogicalType[]) {
    this.types = types
  }

  /** Fresh arrays for `rows` rows; what was handed out before stays as it is. */
  allocate(rows: number): void {
    const capacity = Math.ceil(Math.max(rows, 1) / ROW_ROUNDING) * ROW_ROUNDING
    const slab = new ArrayBuffer(capacity * bytesPerRow(this.types))
    this.slab = slab
    let offset = 0
    const take = (size: number) => {
      const at = offset
      offset += capacity * size
      return at
    }
    const wide = this.types.map((type) => (isWide(type) ? take(8 * wordsPerRow(type)) : 0))
    this.columns = this.types.map((type, index) =>
      makeColumn({ type, slab, capacity, wideAt: wide[index]!, take }),
    )
    this.valueStarts = new Int32Array(slab, take(4), capacity)
    this.valueEnds = new Int32Array(slab, take(4), capacity)
    this.indexes = new Int32Array(slab, take(4), capacity)
    this.columns = this.columns.map((column) => withBytes(column, slab, capacity, take))
    this.capacity = capacity
  }

  /** Moves the first `rows` rows into arrays twice as long. */
  grow(rows: number): void {
    const old = {
      columns: this.columns,
      starts: this.valueStarts,
      ends: this.valueEnds,
      indexes: this.indexes,
    }
    this.allocate(2 * this.capacity)
    this.valueStarts.set(old.starts.subarray(0, rows))
    this.valueEnds.set(old.ends.subarray(0, rows))
    this.indexes.set(old.indexes.subarray(0, rows))
    this.columns.forEach((column, index) => {
      const from = old.columns[index]!
      column.nulls.set(from.nulls)
      if (column.ends.length > 0) column.ends.set(from.ends)
      if (column.halves.length > 0) column.halves.set(from.halves)
      else (column.values as Int32Array).set(from.values as Int32Array)
    })
  }

  vectors(data: Uint8Array): Vector[] {
    return this.columns.map(({ type, nulls, values, ends }) => ({
      ...{ type, nulls, values, ends },
      data: isVariableWidth(type) ? data : NO_DATA,
    }))
  }
}

function bytesPerRow(types: readonly LogicalType[]): number {
  let bytes = 12
  for (const type of types) bytes += 1 + (isWide(type) ? 8 * wordsPerRow(type) : fixedWidth(type))
  return bytes
}

/** Bytes a row of the types that are not 64 bits wide; slices have a start and an end. */
function fixedWidth(type: LogicalType): number {
  if (isVariableWidth(type)) return 8
  return type.kind === "boolean" ? 1 : 4
}

function isWide({ kind }: LogicalType): boolean {
  return kind === "int64" || kind === "timestamp" || kind === "decimal" || kind === "float64"
}

interface ColumnPlace {
  readonly type: LogicalType
  readonly slab: ArrayBuffer
  readonly capacity: number
  readonly wideAt: number
  readonly take: (size: number) => number
}

function makeColumn({ type, slab, capacity, wideAt, take }: ColumnPlace): ColumnStore {
  const nulls = NO_DATA
  if (type.kind === "float64") {
    const values = new Float64Array(slab, wideAt, capacity)
    return { type, nulls, values, halves: NO_ENDS, ends: NO_ENDS }
  }
  if (isWide(type)) {
    const words = capacity * wordsPerRow(type)
    const values = new BigInt64Array(slab, wideAt, words)
    return { type, nulls, values, halves: new Int32Array(slab, wideAt, 2 * words), ends: NO_ENDS }
  }
  if (type.kind === "boolean") return { type, nulls, values: NO_DATA, halves: NO_ENDS, ends: NO_ENDS }
  const values = new Int32Array(slab, take(4), capacity)
  const ends = isVariableWidth(type) ? new Int32Array(slab, take(4), capacity) : NO_ENDS
  return { type, nulls, values, halves: NO_ENDS, ends }
}

function withBytes(
  column: ColumnStore,
  slab: ArrayBuffer,
  capacity: number,
  take: (size: number) => number,
): ColumnStore {
  const { type, halves, ends } = column
  const nulls = new Uint8Array(slab, take(1), capacity)
  const values = type.kind === "boolean" ? new Uint8Array(slab, take(1), capacity) : column.values
  return { type, nulls, values, halves, ends }
}
