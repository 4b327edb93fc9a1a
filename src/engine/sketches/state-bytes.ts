/**
 * A sketch as a value of bytes, which tables and files keep for years: what has changed here gets another
 * version.
 *
 *   version | kind | gap, number | gap, number | …
 *
 * Cells are in order; a gap is the distance to the cell before, of the first one to the least cell there can
 * be. Gaps and numbers are varints: seven bits a byte, the lowest first, the eighth bit where more follow.
 */
import { SKETCHES, type SketchKind } from "../../expr/sketch-aggregates.ts"
import { CELLS, type Cells } from "./cells.ts"

const VERSION = 1
const HEADER_BYTES = 2
/** Of numbers up to 2^53. */
const MAX_VARINT_BYTES = 8

/** @param cells in order */
export function encodeState(
  kind: SketchKind,
  cells: Iterable<readonly [cell: number, number: number]>,
): Uint8Array {
  const bytes = [VERSION, SKETCHES.indexOf(kind)]
  let before = CELLS[kind].least
  for (const [cell, number] of cells) {
    pushVarint(bytes, cell - before)
    pushVarint(bytes, number)
    before = cell
  }
  return Uint8Array.from(bytes)
}

/** Null when the bytes are not a sketch of that kind. */
export function decodeState(kind: SketchKind, bytes: Uint8Array): Cells | null {
  if (bytes.length < HEADER_BYTES || bytes[0] !== VERSION || bytes[1] !== SKETCHES.indexOf(kind)) return null
  const { least, greatest, greatestNumber } = CELLS[kind]
  const cells: number[] = []
  const at = { place: HEADER_BYTES }
  for (let before = least; at.place < bytes.length; ) {
    const [gap, number] = [readVarint(bytes, at), readVarint(bytes, at)]
    const isNext = gap !== null && (gap > 0 || cells.length === 0) && before + gap <= greatest
    if (!isNext || number === null || number < 1 || number > greatestNumber) return null
    before += gap
    cells.push(before, number)
  }
  return cells
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  bytes.push(rest)
}

/** Null where the bytes end too early, or it is too long. */
function readVarint(bytes: Uint8Array, at: { place: number }): number | null {
  let value = 0
  let scale = 1
  for (let length = 1; length <= MAX_VARINT_BYTES && at.place < bytes.length; length++, scale *= 128) {
    const byte = bytes[at.place++]!
    value += (byte & 127) * scale
    if (byte < 128) return value
  }
  return null
}
