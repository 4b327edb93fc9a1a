/**
 * Writes the loop for one shape: rows that follow each other in one body, straight into the columns. Only
 * numbers and names made here go into its text; patterns, tables and bounds are bound as parameters.
 *
 *   for (;;) {
 *     row: {
 *       <the bytes before the first value, four at a time> <the first value> ... <the tail>
 *       <the end of the row: line feed, comma or range>   write its place; continue
 *     }
 *     break                                               not this shape: the caller goes on from where it
 *   began }
 */
import type { FieldReader } from "./field-reader.ts"
import { MAX_ROW_BYTES } from "./limits.ts"
import type { Shape, ShapeMember } from "./shape.ts"
import type { Bind } from "./value-code.ts"
import { absentCode, SKIP_CODE, valueCode } from "./value-code.ts"

/** How rows are told apart: one a line, elements of an array, ranges that are known. */
export type RowMode = "lines" | "array" | "ranges"

export interface ShapeCode {
  readonly text: string
  readonly names: readonly string[]
  readonly values: readonly unknown[]
}

/** The body of `function (h, ...names)`; `h` is the LoopContext. */
export function writeShapeCode(shape: Shape, readers: readonly FieldReader[], mode: RowMode): ShapeCode {
  const names: string[] = []
  const values: unknown[] = []
  const bind: Bind = (value) => {
    names.push(`k${values.length}`)
    values.push(value)
    return names.at(-1)!
  }
  const present = new Set(shape.members.map((member) => member.field))
  const lacking = readers.map((_, field) => field).filter((field) => !present.has(field))
  const members = shape.members.map((member) => memberCode(member, readers, bind))
  const text = `
    const b = h.bytes, v = h.view, time = h.time, store = h.store, capacity = store.capacity
    const starts = store.valueStarts, ends = store.valueEnds, indexes = store.indexes
    ${readers.map((_, field) => columnNames(field)).join("\n")}
    let row = h.row, index = h.index, p = h.at, n = h.limit
    ${mode === "ranges" ? "const from = h.ranges.starts, to = h.ranges.ends, last = h.ranges.count" : ""}
    let s = 0, c = 0, w = 0, t = 0, x = 0, y = 0, m = 0, hi = 0, neg = 0, d = 0, f = 0
    for (;;) {
      ${mode === "ranges" ? "if (index >= last) break; p = from[index]; n = to[index]" : "if (p >= n) break"}
      if (row >= capacity) break
      const begin = p
      row: {
        ${members.join("\n")}
        ${lacking.map((field) => absentCode(readers[field]!, field)).join("\n")}
        if (!(${matchCode(shape.tail)})) break row
        p += ${shape.tail.length}
        if (p - begin > ${MAX_ROW_BYTES}) break row
        ${END_OF_ROW[mode]}
      }
      p = begin
      break
    }
    h.at = p
    h.row = row
    h.index = index`
  return { text, names, values }
}

const TAKE = "starts[row] = begin; ends[row] = p; indexes[row] = index; row++; index++"

const END_OF_ROW: Readonly<Record<RowMode, string>> = {
  lines: `
    if (p < n) {
      c = b[p]
      if (c === 10) w = p + 1
      else if (c === 13 && p + 1 < n && b[p + 1] === 10) w = p + 2
      else break row
    } else w = p
    ${TAKE}
    p = w
    continue`,
  array: `
    if (p >= n) break row
    ${TAKE}
    if (b[p] === 44) { p++; continue }
    h.isClosed = true
    break`,
  ranges: `
    if (p !== n) break row
    ${TAKE}
    if (h.ranges.indexes !== null) indexes[row - 1] = h.ranges.indexes[index - 1]
    continue`,
}

function columnNames(field: number): string {
  const column = `c${field}`
  return `const ${column} = store.columns[${field}], v${field} = ${column}.values
    const n${field} = ${column}.nulls, e${field} = ${column}.ends, h${field} = ${column}.halves`
}

function memberCode(member: ShapeMember, readers: readonly FieldReader[], bind: Bind): string {
  const { field, before, optional } = member
  const take = `p += ${before.length}
    ${field < 0 ? SKIP_CODE : valueCode(readers[field]!, field, bind)}`
  if (!optional) return `if (!(${matchCode(before)})) break row\n${take}`
  const absent = field < 0 ? "" : absentCode(readers[field]!, field)
  return `if (${matchCode(before)}) { ${take} } else { ${absent} }`
}

/** A condition that the bytes at `p` are these. */
export function matchCode(bytes: Uint8Array): string {
  const size = bytes.length
  const parts = [`p + ${size} <= n`]
  if (size < 4) {
    for (let i = 0; i < size; i++) parts.push(`b[p + ${i}] === ${bytes[i]}`)
    return parts.join(" && ")
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, size)
  for (let i = 0; i < size; i += 4) {
    const at = Math.min(i, size - 4) // the last word may overlap the one before
    parts.push(`v.getInt32(p + ${at}, true) === ${view.getInt32(at, true)}`)
  }
  return parts.join(" && ")
}
