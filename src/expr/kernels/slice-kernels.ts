/**
 * Functions of a text that work on its bytes where they are at hand and the other arguments are constants; of
 * any other text they are the functions of JavaScript strings beside them.
 */
import type { Scalar } from "../../columns/types.ts"
import type { CodeWriter, Kernel, RuntimeFunction, Slice } from "../compile/kernel.ts"
import { cut, runtime } from "../compile/kernel.ts"
import type { Failure } from "../expression.ts"
import { lowerText, upperText } from "../values/case-mapping.ts"
import { SlicePart } from "../values/slice-part.ts"
import { replaceInSlice, SliceScratch } from "../values/slice-scratch.ts"
import { encodeText } from "../values/slices.ts"
import * as values from "../values/text.ts"

const INVALID = "invalid-argument"

/** Of a generated function: it goes on in a text where it found a part of it before. */
const parts = new WeakMap<CodeWriter, string>()

function partOf(k: CodeWriter): string {
  const known = parts.get(k)
  if (known !== undefined) return known
  const name = k.bind(new SlicePart())
  k.before(`${name}.forget();`)
  parts.set(k, name)
  return name
}

/** Part of the slice, by a call on the function's SlicePart. */
function part(k: CodeWriter, { data, start, end, column }: Slice, call: string, args: string): Slice {
  const found = partOf(k)
  if (column === null) k.emit(`${found}.forget();`)
  k.emit(`${found}.${call}(${data}, ${start}, ${end}, ${args});`)
  return { data, start: `${found}.start`, end: `${found}.end`, column }
}

function characters(k: CodeWriter, slice: Slice, from: number, to: number): Slice {
  return part(k, slice, "characters", `${from}, ${to}`)
}

export const splitPart = cut(runtime(values.splitPart, INVALID), ([delimiter, field]) => {
  if (typeof delimiter !== "string" || delimiter === "" || !isCount(field) || field === 0) return null
  return (k, slice) =>
    part(k, slice, "split", `${k.bind(delimiter)}, ${k.bind(encodeText(delimiter))}, ${field}`)
})

export const left = cut(runtime(values.left), ([count]) =>
  isCount(count) ? (k, slice) => characters(k, slice, 0, count) : null,
)

export const substringFrom = cut(runtime(values.substringFrom), ([start]) =>
  typeof start === "number"
    ? (k, slice) => characters(k, slice, Math.max(0, start - 1), Number.MAX_SAFE_INTEGER)
    : null,
)

export const substring = cut(runtime(values.substring, INVALID), ([start, length]) => {
  if (typeof start !== "number" || !isCount(length)) return null
  const [from, to] = [Math.max(0, start - 1), Math.max(0, start - 1 + length)]
  return (k, slice) => characters(k, slice, from, to)
})

function isCount(value: Scalar | undefined): value is number {
  return typeof value === "number" && value >= 0
}

function inCase(name: "lower" | "upper", ofText: RuntimeFunction): Kernel {
  return cut(runtime(ofText), () => (k, { data, start, end }) => {
    const scratch = k.bind(new SliceScratch())
    return made(scratch, `${scratch}.${name}(${data}, ${start}, ${end})`)
  })
}

export const lower = inCase("lower", lowerText)
export const upper = inCase("upper", upperText)

const REPLACE_FAILURES: readonly Failure[] = [INVALID]

export const replaceText = cut(runtime(values.replaceText, INVALID), ([from, to]) => {
  if (typeof from !== "string" || from === "" || typeof to !== "string") return null
  return (k, { data, start, end }) => {
    const scratch = k.bind(new SliceScratch())
    const args = [scratch, data, start, end, k.bind(encodeText(from)), k.bind(encodeText(to))]
    return made(scratch, k.run(replaceInSlice, args, REPLACE_FAILURES))
  }
})

const made = (scratch: string, length: string): Slice => ({
  ...{ data: `${scratch}.bytes`, start: "0", end: length, column: null },
})
