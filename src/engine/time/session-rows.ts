/**
 * Rows that sessions hold, as columns of the batch they came in: a row is a place in it, and is read as
 * scalars only when it moves to another session or into a checkpoint. A batch most of whose rows are gone is
 * given up; the few that are left keep their scalars, so that a session that never ends holds no more than
 * its own rows.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import { readRow, readScalar } from "../../columns/scalar.ts"
import type { Scalar } from "../../columns/types.ts"
import { isVariableWidth } from "../../columns/types.ts"
import type { Vector } from "../../columns/vector.ts"
import { allocateVector } from "../../columns/vector.ts"

export interface SessionRow {
  readonly timeUs: bigint
  readonly cells: readonly Scalar[]
  /** About what it holds. */
  readonly bytes: number
  /** No session holds it any more. */
  letGo(): void
}

/** Equal for equal keys. A whole number that a double holds stays one: Maps find it sooner than its text. */
export type SessionKey = string | number

/** Of a row beside its columns. */
const ROW_BYTES = 64
/** A batch is given up when this part of its rows is left. */
const LEAST_SHARE = 1 / 32
/** Of a cell: in a vector with its null flag, and by itself. */
const CELL_BYTES = 9
const SCALAR_BYTES = 16

/** Which columns rows are kept in; the others are NULL and take no room. */
export class SessionColumns {
  readonly timeAt: number
  /** From there on. */
  readonly keysAt: number
  readonly #used: ReadonlySet<number>
  readonly #nulls = new Map<number, Vector>()

  /** @param used columns that groups read; behind all input columns, from `timeAt` on, are time and keys */
  constructor(used: ReadonlySet<number>, timeAt: number) {
    this.#used = used
    this.timeAt = timeAt
    this.keysAt = timeAt + 1
  }

  /** Nothing that is shared with other rows: those may be freed. */
  kept(vector: Vector, k: number, length: number): Vector {
    if (k < this.timeAt && !this.#used.has(k)) return this.#null(vector, k, length)
    return isVariableWidth(vector.type) ? ownBytes(vector, length) : vector
  }

  /** One for all batches. */
  #null({ type }: Vector, k: number, length: number): Vector {
    const known = this.#nulls.get(k)
    if (known !== undefined && known.nulls.length >= length) return known
    const vector = allocateVector(type, length)
    vector.nulls.fill(1)
    this.#nulls.set(k, vector)
    return vector
  }
}

export class SessionBatch {
  readonly batch: ChangeBatch
  readonly #keys: readonly Vector[]
  readonly #times: BigInt64Array
  readonly #texts: readonly Vector[]
  #rows: readonly BatchRow[]
  #left: number

  constructor(taken: ChangeBatch, columns: SessionColumns) {
    const { length } = taken
    this.batch = { ...taken, vectors: taken.vectors.map((vector, k) => columns.kept(vector, k, length)) }
    const { vectors } = this.batch
    this.#keys = vectors.slice(columns.keysAt)
    this.#times = vectors[columns.timeAt]!.values as BigInt64Array
    this.#texts = vectors.filter(({ type }) => isVariableWidth(type))
    this.#rows = Array.from({ length }, (_, at) => new BatchRow(this, at))
    this.#left = length
  }

  /** Until so few are held that the batch is given up. */
  get rows(): readonly SessionRow[] {
    return this.#rows
  }

  timeUs(at: number): bigint {
    return this.#times[at]!
  }

  bytesOf(at: number): number {
    let bytes = ROW_BYTES + CELL_BYTES * this.batch.vectors.length
    for (const { ends, values } of this.#texts) bytes += ends[at]! - (values[at] as number)
    return bytes
  }

  keyOf(at: number): SessionKey {
    return keyAt(this.#keys, at)
  }

  letGo(): void {
    this.#left--
    if (this.#left > this.batch.length * LEAST_SHARE) return
    for (const row of this.#rows) row.leaveBatch()
    this.#rows = []
  }
}

/** Millions of them live at a time: small, and without a value that would be an object of its own. */
class BatchRow implements SessionRow {
  /** Its batch; once it has left that, the row by itself. */
  #from: SessionBatch | SessionRow
  /** Position in its batch. */
  readonly at: number
  #isHeld = true

  constructor(batch: SessionBatch, at: number) {
    this.#from = batch
    this.at = at
  }

  get batch(): SessionBatch | null {
    return this.#from instanceof SessionBatch ? this.#from : null
  }

  get timeUs(): bigint {
    return this.#from instanceof SessionBatch ? this.#from.timeUs(this.at) : this.#from.timeUs
  }

  get bytes(): number {
    return this.#from instanceof SessionBatch ? this.#from.bytesOf(this.at) : this.#from.bytes
  }

  get cells(): readonly Scalar[] {
    return this.#from instanceof SessionBatch ? readRow(this.#from.batch, this.at) : this.#from.cells
  }

  letGo(): void {
    this.#isHeld = false
    this.batch?.letGo()
  }

  /** A checkpoint may still read a row that no session holds: it keeps its batch until nobody has it. */
  leaveBatch(): void {
    // It goes with as many bytes as it came with.
    if (this.#isHeld) this.#from = { ...scalarRow(this.timeUs, this.cells), bytes: this.bytes }
  }
}

/** A row by itself. */
export function scalarRow(timeUs: bigint, cells: readonly Scalar[]): SessionRow {
  let bytes = ROW_BYTES
  for (const cell of cells) {
    const length = typeof cell === "string" ? 2 * cell.length : cell instanceof Uint8Array ? cell.length : 0
    bytes += SCALAR_BYTES + length
  }
  return { timeUs, cells, bytes, letGo: () => {} }
}

/** Rows that follow each other in one batch, from the one at `at` on. */
export interface BatchRun {
  readonly batch: ChangeBatch
  readonly at: number
  readonly length: number
}

/** The longest run that begins with the row at `from`; null when that is in no batch. */
export function batchRun(
  rows: readonly { readonly row: SessionRow; readonly weight: number }[],
  from: number,
): BatchRun | null {
  const first = rows[from]!.row
  if (!(first instanceof BatchRow) || first.batch === null) return null
  const { at, batch } = first
  let length = 0
  for (; from + length < rows.length; length++) {
    const { row, weight } = rows[from + length]!
    if (weight !== 1 || !(row instanceof BatchRow) || row.batch !== batch || row.at !== at + length) break
  }
  return length === 0 ? null : { batch: batch.batch, at, length }
}

/** What `sessionKey` says of a row in columns. */
export function keyAt(keys: readonly Vector[], at: number): SessionKey {
  if (keys.length === 1) return keyOfOne(readScalar(keys[0]!, at))
  return cellsText(keys.map((vector) => readScalar(vector, at)))
}

/** NaN equals itself and -0 equals 0, as in keys of groups. */
export function sessionKey(cells: readonly Scalar[]): SessionKey {
  return cells.length === 1 ? keyOfOne(cells[0]!) : cellsText(cells)
}

function keyOfOne(value: Scalar): SessionKey {
  if (typeof value !== "bigint") return cellText(value)
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

/** Equal for equal values. */
export function cellsText(cells: readonly Scalar[]): string {
  return cells.map(cellText).join("|")
}

function cellText(value: Scalar): string {
  if (value === null) return ""
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "number") return String(value + 0)
  return value instanceof Uint8Array ? `x${value.join(",")}` : String(value)
}

function ownBytes({ type, nulls: isNull, values, ends, data }: Vector, length: number): Vector {
  let total = 0
  for (let row = 0; row < length; row++) if (isNull[row] !== 1) total += ends[row]! - (values[row] as number)
  const own = allocateVector(type, length, new Uint8Array(total))
  let at = 0
  for (let row = 0; row < length; row++) {
    own.nulls[row] = isNull[row]!
    if (isNull[row] === 1) continue
    own.data.set(data.subarray(values[row] as number, ends[row]), at)
    own.values[row] = at
    at += ends[row]! - (values[row] as number)
    own.ends[row] = at
  }
  return own
}
