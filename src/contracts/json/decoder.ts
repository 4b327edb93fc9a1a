/**
 * The JSON decoder of one contract: takes a body apart into rows and writes the good ones into columns.
 * Each row is first offered to the loops generated for learned key orders, then to the general path.
 */
import { assert } from "../../std/assert.ts"
import type { RowContract } from "../contract.ts"
import type { DecodedRows, DecodeOptions, Decoder, Framing, RejectedRow, RowRanges } from "../decoder.ts"
import { bodyNotJson, bodyTooLarge } from "../errors.ts"
import { MAX_BODY_BYTES, MAX_REJECTED } from "./limits.ts"
import { LoopContext } from "./loop-context.ts"
import type { RowProblem } from "./row-reader.ts"
import { RowReader } from "./row-reader.ts"
import { RowStore } from "./row-store.ts"
import { JsonScanner } from "./scanner.ts"
import type { RowMode } from "./shape-code.ts"
import { Shapes } from "./shapes.ts"
import { isUtf8 } from "./utf8.ts"

/**
 * A decoder for `contract`. It keeps what it learned about its producers; use one per contract and thread.
 * @example
 * const { batch, rejected } = createJsonDecoder(signup).decode(body, "ndjson")
 */
export function createJsonDecoder(contract: RowContract): Decoder {
  return new JsonDecoder(contract)
}

/** Rows that a slab has room for beyond the estimate, so that small bodies never grow. */
const SPARE_ROWS = 8
/** Before anything was decoded. */
const FIRST_ROW_BYTES = 128

class JsonDecoder implements Decoder {
  readonly #reader: RowReader
  readonly #scanner = new JsonScanner()
  readonly #store: RowStore
  readonly #context: LoopContext
  /** Null when every row has to go the general path, because checks look at several fields. */
  readonly #shapes: Shapes | null
  #rowBytes = FIRST_ROW_BYTES
  #received = 0
  #rows = 0
  #rejected: RejectedRow[] = []
  #rejectedCount = 0
  #maxRejected = MAX_REJECTED

  constructor(contract: RowContract) {
    this.#reader = new RowReader(contract)
    this.#store = new RowStore(contract.fields.map((field) => field.type))
    this.#context = new LoopContext(this.#reader, this.#scanner, this.#store)
    this.#shapes = (contract.rowSchema ?? null) === null ? new Shapes(this.#reader.fields) : null
  }

  decode(bytes: Uint8Array, framing: Framing, options?: DecodeOptions): DecodedRows {
    const start = this.#begin(bytes, options, Math.ceil(bytes.length / this.#rowBytes))
    if (framing === "ndjson") this.#decodeLines(bytes, start)
    else this.#decodeBody(bytes, start)
    return this.#finish(bytes)
  }

  decodeRows(bytes: Uint8Array, ranges: RowRanges, options?: DecodeOptions): DecodedRows {
    const { starts, ends, indexes, count } = ranges
    this.#begin(bytes, options, count)
    this.#context.ranges = ranges
    while (this.#received < count) {
      if (this.#runShapes("ranges", 0) >= 0) continue
      const i = this.#received++
      this.#scanner.reset(bytes, starts[i]!, ends[i]!)
      this.#decodeText(indexes === null ? i : indexes[i]!)
    }
    return this.#finish(bytes)
  }

  /** Lets the learned shapes take rows from `at` on; where they stopped, or -1 when they took none. */
  #runShapes(mode: RowMode, at: number): number {
    const shapes = this.#shapes
    if (shapes === null || shapes.isEmpty) return -1
    const context = this.#context
    context.at = at
    context.row = this.#rows
    context.index = this.#received
    context.isClosed = false
    if (this.#rows === this.#store.capacity) this.#store.grow(this.#rows)
    if (!shapes.run(context, mode)) return -1
    this.#rows = context.row
    this.#received = context.index
    return context.at
  }

  /** Returns where the text begins, behind a byte order mark. */
  #begin(bytes: Uint8Array, options: DecodeOptions | undefined, rows: number): number {
    if (bytes.length > MAX_BODY_BYTES) throw bodyTooLarge(bytes.length, MAX_BODY_BYTES)
    this.#received = 0
    this.#rows = 0
    this.#rejected = []
    this.#rejectedCount = 0
    this.#maxRejected = options?.maxRejected ?? MAX_REJECTED
    this.#reader.scratch.clear()
    this.#store.allocate(rows + SPARE_ROWS)
    this.#context.begin(bytes)
    this.#scanner.view = this.#context.view
    return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  }

  #decodeLines(bytes: Uint8Array, start: number): void {
    let at = start
    while (at < bytes.length) {
      const behind = this.#runShapes("lines", at)
      if (behind >= 0) {
        at = behind
        continue
      }
      const newline = bytes.indexOf(0x0a, at)
      const end = newline < 0 ? bytes.length : newline
      this.#scanner.reset(bytes, at, end)
      if (this.#scanner.skipSpace() >= 0) this.#decodeText(this.#received++)
      at = end + 1
    }
  }

  /** One row whose text is all that is between scanner.at and scanner.end. */
  #decodeText(index: number): void {
    const scanner = this.#scanner
    const start = scanner.at
    if (scanner.skipSpace() !== 0x7b) {
      const isValue = scanner.at < scanner.end && scanner.scanValue(0) !== 0 && scanner.skipSpace() < 0
      const position = scanner.at - start
      this.#reject(index, isValue ? notAnObject : notJson(scanner.problem || "expected one object", position))
      return
    }
    const rowStart = scanner.at
    const isJson = this.#reader.scan(scanner)
    const rowEnd = scanner.at
    if (!isJson || scanner.skipSpace() >= 0) {
      const problem = isJson ? "expected nothing behind the object" : scanner.problem
      const utf8 = isUtf8(scanner.bytes, start, scanner.end)
      this.#reject(index, notJson(utf8 ? problem : `${problem} (nor is it UTF-8)`, scanner.at - start))
      return
    }
    this.#take(index, rowStart, rowEnd)
  }

  /** The row that was scanned last: into the columns, or to the rejected. */
  #take(index: number, start: number, end: number): void {
    if (this.#rows === this.#store.capacity) this.#store.grow(this.#rows)
    if (this.#reader.hasUnnamed) this.#context.hasUnnamed = true
    const row = this.#rows
    const inWords = this.#rejected.length < this.#maxRejected
    const problem = this.#reader.read(this.#scanner, this.#store, row, inWords)
    if (problem !== null) {
      this.#reject(index, problem)
      return
    }
    this.#store.valueStarts[row] = start
    this.#store.valueEnds[row] = end
    this.#store.indexes[row] = index
    this.#rows++
    const { members, memberCount } = this.#reader
    this.#shapes?.learn({ bytes: this.#scanner.bytes, start, end, members, memberCount })
  }

  /** Framing "json": one object, or an array of them. */
  #decodeBody(bytes: Uint8Array, start: number): void {
    const scanner = this.#scanner
    scanner.reset(bytes, start, bytes.length)
    const first = scanner.skipSpace()
    if (first < 0) throw bodyNotJson("it is empty", scanner.at)
    if (first === 0x5b) this.#decodeArray()
    else this.#decodeElement()
    if (scanner.skipSpace() >= 0) throw bodyNotJson("expected nothing behind the value", scanner.at)
  }

  #decodeArray(): void {
    const scanner = this.#scanner
    scanner.at++
    if (scanner.skipSpace() === 0x5d) {
      scanner.at++
      return
    }
    for (;;) {
      scanner.skipSpace()
      const from = scanner.at
      const behind = this.#runShapes("array", from)
      // The loops scan values with the same scanner.
      scanner.reset(scanner.bytes, behind < 0 ? from : behind, scanner.bytes.length)
      if (behind < 0 || !this.#context.isClosed) this.#decodeElement()
      const byte = scanner.skipSpace()
      if (byte !== 0x2c && byte !== 0x5d) {
        const problem = byte < 0 ? "the array never ends" : 'expected "," or "]"'
        throw bodyNotJson(problem, scanner.at)
      }
      scanner.at++
      if (byte === 0x5d) return
    }
  }

  #decodeElement(): void {
    const scanner = this.#scanner
    const isObject = scanner.skipSpace() === 0x7b
    const start = scanner.at
    const isJson = isObject ? this.#reader.scan(scanner) : scanner.scanValue(0) !== 0
    if (!isJson) throw bodyNotJson(scanner.problem, scanner.at)
    const index = this.#received++
    if (isObject) this.#take(index, start, scanner.at)
    else this.#reject(index, notAnObject)
  }

  #reject(index: number, problem: RowProblem): void {
    this.#rejectedCount++
    if (this.#rejected.length < this.#maxRejected) this.#rejected.push({ index, ...problem })
  }

  #finish(bytes: Uint8Array): DecodedRows {
    const { scratch } = this.#reader
    assert(this.#rows + this.#rejectedCount === this.#received, "every row received is taken or rejected")
    if (this.#received > 0) this.#rowBytes = Math.max(2, bytes.length / this.#received)
    let data = bytes
    if (scratch.length > 0) {
      data = new Uint8Array(bytes.length + scratch.length)
      data.set(bytes)
      data.set(scratch.bytes.subarray(0, scratch.length), bytes.length)
    }
    const { valueStarts, valueEnds, indexes, slab } = this.#store
    return {
      received: this.#received,
      batch: { length: this.#rows, vectors: this.#store.vectors(data) },
      bytes,
      valueStarts,
      valueEnds,
      indexes,
      memory: slab,
      hasUnnamed: this.#context.hasUnnamed || this.#rejectedCount > 0,
      rejected: this.#rejected,
      rejectedCount: this.#rejectedCount,
    }
  }
}

const notAnObject: RowProblem = {
  field: null,
  code: "not-an-object",
  message: "the row is JSON but no object; send {...} with the event's fields",
}

function notJson(problem: string, position: number): RowProblem {
  return { field: null, code: "not-json", message: `the row is not JSON at its byte ${position}: ${problem}` }
}
