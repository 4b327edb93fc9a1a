/**
 * Generated rows through the decoder and through the reference: verdict, field at fault and every column must
 * be equal. Bodies mix learned key orders, other spellings and broken bytes, as lines and as arrays.
 */
import { readRow } from "../../src/columns/scalar.ts"
import type { DecodedRows, RejectedRow } from "../../src/contracts/decoder.ts"
import { createJsonDecoder } from "../../src/contracts/json/decoder.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { SeededRandom } from "../../src/std/random.ts"
import type { FuzzContract } from "./fuzz-contracts.ts"
import { FUZZ_CONTRACTS } from "./fuzz-contracts.ts"
import type { ReferenceRow } from "./reference-decode.ts"
import { referenceDecode } from "./reference-decode.ts"
import { RowGenerator } from "./row-generator.ts"

export interface FuzzOptions {
  readonly rows: number
  readonly seed: number
  readonly onProgress?: (rows: number) => void
}

export interface FuzzResult {
  readonly rows: number
  readonly accepted: number
  readonly rejected: number
  /** The first differences, with what is needed to see them again. */
  readonly differences: readonly string[]
}

const MAX_DIFFERENCES = 5
/** Bodies for which a decoder is kept, so that it learns; then a fresh one begins. */
const BODIES_PER_DECODER = 400

export function fuzzDecoder({ rows, seed, onProgress }: FuzzOptions): FuzzResult {
  const random = new SeededRandom(seed)
  const differences: string[] = []
  const total = { rows: 0, accepted: 0, rejected: 0 }
  for (let round = 0; total.rows < rows && differences.length < MAX_DIFFERENCES; round++) {
    const fuzzed = FUZZ_CONTRACTS[round % FUZZ_CONTRACTS.length]!
    const generator = new RowGenerator(fuzzed.contract, random)
    const decoder = createJsonDecoder(fuzzed.contract)
    for (let body = 0; body < BODIES_PER_DECODER && total.rows < rows; body++) {
      const count = 1 + random.below(24)
      const mutatePercent = body % 4 === 0 ? 40 : 4
      const pieces = Array.from({ length: count }, () => generator.row(mutatePercent))
      const found = checkBody(fuzzed, decoder, pieces, random.below(3))
      total.rows += count
      total.accepted += found.accepted
      total.rejected += found.rejected
      for (const difference of found.differences) {
        differences.push(`seed ${seed}, ${fuzzed.contract.name}, row ${total.rows}: ${difference}`)
      }
    }
    onProgress?.(total.rows)
  }
  return { ...total, differences: differences.slice(0, MAX_DIFFERENCES) }
}

type Found = Pick<FuzzResult, "accepted" | "rejected" | "differences">

/** `way` 0: lines, 1: an array, 2: ranges. */
function checkBody(
  fuzzed: FuzzContract,
  decoder: ReturnType<typeof createJsonDecoder>,
  all: readonly Uint8Array[],
  way: number,
): Found {
  const pieces =
    way === 0
      ? all.filter((piece) => !/^[ \t\r]*$/.test(Buffer.from(piece).toString("latin1")))
      : way === 1
        ? all.filter(isLooseJson)
        : all
  const expected = pieces.map((piece) => referenceDecode(fuzzed.contract, fuzzed.schema, piece))
  const accepted = expected.filter((row) => row.values !== null).length
  const differences: string[] = []
  try {
    const decoded = way === 2 ? decodeRanges(decoder, pieces) : decodeFramed(decoder, pieces, way)
    compare(pieces, expected, decoded, differences)
  } catch (error) {
    const pieceTexts = pieces.map((piece) => Buffer.from(piece).toString("latin1")).join("\n")
    differences.push(
      `threw ${isPlatformError(error) ? error.code : ""} ${(error as Error).stack}: ${pieceTexts}`,
    )
  }
  return { accepted, rejected: expected.length - accepted, differences }
}

/** Structure that an array can hold; its bytes may still be no UTF-8. */
function isLooseJson(piece: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { ignoreBOM: true }).decode(piece))
    return true
  } catch {
    return false
  }
}

function decodeFramed(
  decoder: ReturnType<typeof createJsonDecoder>,
  pieces: readonly Uint8Array[],
  way: number,
): DecodedRows {
  const parts: Uint8Array[] = []
  pieces.forEach((piece, index) => {
    if (index > 0)
      parts.push(
        Buffer.from(way === 0 ? (index % 7 === 3 ? "\r\n\n" : "\n") : index % 5 === 3 ? " ,\n" : ","),
      )
    parts.push(piece)
  })
  const body =
    way === 0 ? Buffer.concat(parts) : Buffer.concat([Buffer.from("["), ...parts, Buffer.from("]")])
  // A view into a larger buffer, as sockets hand them out.
  const larger = new Uint8Array(body.length + 13)
  larger.set(body, 5)
  return decoder.decode(larger.subarray(5, 5 + body.length), way === 0 ? "ndjson" : "json", {
    maxRejected: 1000,
  })
}

function decodeRanges(
  decoder: ReturnType<typeof createJsonDecoder>,
  pieces: readonly Uint8Array[],
): DecodedRows {
  const starts = new Int32Array(pieces.length)
  const ends = new Int32Array(pieces.length)
  let at = 0
  const parts = pieces.flatMap((piece, index) => {
    starts[index] = at
    ends[index] = at + piece.length
    at += piece.length + (index % 3)
    return [piece, Buffer.alloc(index % 3, 0x22)]
  })
  const bytes = new Uint8Array(Buffer.concat(parts))
  return decoder.decodeRows(
    bytes,
    { starts, ends, indexes: null, count: pieces.length },
    { maxRejected: 1000 },
  )
}

function compare(
  pieces: readonly Uint8Array[],
  expected: readonly ReferenceRow[],
  decoded: DecodedRows,
  differences: string[],
): void {
  const rowOf = new Map<number, number>()
  for (let row = 0; row < decoded.batch.length; row++) rowOf.set(decoded.indexes[row]!, row)
  const rejectedOf = new Map(decoded.rejected.map((rejected) => [rejected.index, rejected]))
  if (decoded.received !== pieces.length) differences.push(`received ${decoded.received} of ${pieces.length}`)
  expected.forEach((reference, index) => {
    const piece = pieces[index]!
    const wrong = compareRow({
      reference,
      piece,
      row: rowOf.get(index),
      rejected: rejectedOf.get(index),
      decoded,
    })
    if (wrong === null) return
    const text = Buffer.from(piece).toString("utf8").slice(0, 1500)
    differences.push(`${wrong}\n  ${text}\n  reference: ${reference.reason}`)
  })
}

interface RowCase {
  readonly reference: ReferenceRow
  readonly piece: Uint8Array
  readonly row: number | undefined
  readonly rejected: RejectedRow | undefined
  readonly decoded: DecodedRows
}

/** What is different; null when nothing is. */
function compareRow({ reference, piece, row, rejected, decoded }: RowCase): string | null {
  if ((row === undefined) === (rejected === undefined)) return "neither taken nor rejected, or both"
  if (reference.values === null) {
    return rejected === undefined ? "taken, and should be rejected" : compareFault(reference, rejected)
  }
  if (row === undefined) return `rejected: ${rejected?.message}`
  const stored = decoded.bytes.subarray(decoded.valueStarts[row]!, decoded.valueEnds[row]!)
  const whole = Buffer.from(piece)
    .toString("latin1")
    .replace(/^[ \t\r]+|[ \t\r]+$/g, "")
  if (Buffer.from(stored).toString("latin1") !== whole) return "the row's own text is somewhere else"
  return compareValues(reference.values, decoded, row)
}

function compareFault(reference: ReferenceRow, rejected: RejectedRow): string | null {
  const first = reference.badFields[0] ?? null
  const field = rejected.field?.split(/[.[]/)[0] ?? null
  const isUnknown = rejected.code === "unknown-field" && first === null
  const same = isUnknown ? reference.unknownKeys.includes(rejected.field!) : field === first
  return same ? null : `rejected for ${rejected.field} (${rejected.message}), should be for ${first}`
}

function compareValues(wanted: readonly unknown[], decoded: DecodedRows, row: number): string | null {
  const values = readRow(decoded.batch, row)
  for (const [column, { type }] of decoded.batch.vectors.entries()) {
    const got = values[column]!
    const plain = got instanceof Uint8Array ? Buffer.from(got).toString("hex") : got
    const same =
      type.kind === "json" && got !== null
        ? JSON.stringify(JSON.parse(got as string)) === JSON.stringify(wanted[column])
        : Object.is(plain, wanted[column])
    if (!same) return `column ${column} is ${String(plain)}, should be ${String(wanted[column])}`
  }
  return null
}
