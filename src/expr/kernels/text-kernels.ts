/** Strings: slices are compared and measured as bytes; everything else works on JavaScript strings. */
import { STRING } from "../../columns/types.ts"
import { outputText } from "../compile/casts.ts"
import type { CodeWriter, Kernel, Operand } from "../compile/kernel.ts"
import { branch, own, runtime, slices } from "../compile/kernel.ts"
import type { Call } from "../expression.ts"
import type { CodeValue } from "../row-code.ts"
import { lowerText } from "../values/case-mapping.ts"
import type { SimplePattern } from "../values/like.ts"
import { like, simplePattern, withEscape } from "../values/like.ts"
import { md5 } from "../values/md5.ts"
import { bytesAt, encodeText, sliceContains, sliceLength } from "../values/slices.ts"
import { lengthOf, limited, octetLength } from "../values/text.ts"
import { literalBytes } from "./comparison-kernels.ts"

const INVALID = "invalid-argument"

export const append = branch((k, [a = "", b = ""]) => k.run(limited, [`${a} + ${b}`], [INVALID]))

export const appendBytes = runtime((a: Uint8Array, b: Uint8Array) => {
  const bytes = new Uint8Array(a.length + b.length)
  bytes.set(a)
  bytes.set(b, a.length)
  return bytes
})

/** concat and concat_ws leave NULLs out. */
export const concat = own((k, { args }) => {
  const text = k.local("t")
  k.emit(`let ${text} = "";`)
  for (const arg of args) {
    const operand = k.operand(arg)
    const add = () => k.emit(`${text} += ${outputText(k, operand.value(), arg.type)};`)
    k.when(present(operand), add)
  }
  return { value: k.run(limited, [text], [INVALID]), isNull: null }
})

export const concatWithSeparator = own((k, { args: [first, ...rest] }): CodeValue => {
  const separator = k.operand(first!)
  const operands = rest.map((arg) => k.operand(arg))
  const text = k.local("t")
  const started = k.local("t")
  k.emit(`let ${text} = "", ${started} = false;`)
  k.when(present(separator), () => {
    for (const operand of operands) {
      const add = () => {
        const part = outputText(k, operand.value(), operand.type)
        k.emit(`${text} += ${started} ? ${separator.value()} + ${part} : ${part}; ${started} = true;`)
      }
      k.when(present(operand), add)
    }
  })
  return { value: k.run(limited, [text], [INVALID]), isNull: separator.isNull }
})

function present({ isNull }: Operand): string {
  return isNull === null ? "true" : `!(${isNull})`
}

/** A constant pattern without inner wildcards becomes a comparison of bytes. */
export function likeKernel(expected: boolean): Kernel {
  return slices((k, [text, pattern]) => {
    const simple = typeof pattern!.literal === "string" ? simplePattern(pattern!.literal) : null
    const matched =
      simple !== null && text!.slice !== null
        ? matchSlice(k, text!, simple)
        : k.run(like, [text!.value(), pattern!.value()], [INVALID])
    return expected ? matched : `(!${matched})`
  })
}

function matchSlice(k: CodeWriter, { slice }: Operand, { kind, text }: SimplePattern): string {
  const { data, start, end } = slice!
  const bytes = encodeText(text)
  const wanted = k.bind(bytes)
  const length = `${end} - ${start}`
  const at = (position: string) => `${k.bind(bytesAt)}(${data}, ${position}, ${wanted})`
  switch (kind) {
    case "equals":
      return `(${length} === ${bytes.length} && ${at(start)})`
    case "prefix":
      return `(${length} >= ${bytes.length} && ${at(start)})`
    case "suffix":
      return `(${length} >= ${bytes.length} && ${at(`${end} - ${bytes.length}`)})`
    case "contains":
      return `${k.bind(sliceContains)}(${data}, ${start}, ${end}, ${wanted})`
  }
}

/** ILIKE compares the lower case of both. */
export function ilikeKernel(expected: boolean): Kernel {
  const run = (text: string, pattern: string) => like(lowerText(text), lowerText(pattern)) === expected
  return runtime(run, INVALID)
}

/** LIKE … ESCAPE is LIKE with the pattern rewritten; a bad escape fails even where the text is NULL. */
export function likeEscapeKernel(expected: boolean, ignoreCase: boolean): Kernel {
  const signature = `${expected ? "" : "not_"}${ignoreCase ? "i" : ""}like(string,string)`
  return own((k, { args: [text, pattern, mark], type, nullable }) => {
    const args = [pattern!, mark!]
    const canBeNull = args.some((arg) => arg.nullable)
    const rewritten: Call = { kind: "call", signature: REWRITE, args, type: STRING, nullable: canBeNull }
    return k.evaluate({ kind: "call", signature, args: [text!, rewritten], type, nullable })
  })
}

const REWRITE = "like_escape(string,string)"
export const rewritePattern = runtime(withEscape, INVALID)

export const startsWith = slices((k, [text, prefix]) => {
  const bytes = literalBytes(prefix!)
  if (text!.slice === null || bytes === null) return `${text!.value()}.startsWith(${prefix!.value()})`
  const { data, start, end } = text!.slice
  return `(${end} - ${start} >= ${bytes.length} && ${k.bind(bytesAt)}(${data}, ${start}, ${k.bind(bytes)}))`
})

/** Of a slice without decoding it; of a computed value by `ofValue`. */
function measure(
  ofSlice: (k: CodeWriter, data: string, start: string, end: string) => string,
  ofValue: (k: CodeWriter, value: string) => string,
): Kernel {
  return slices((k, [operand]) => {
    const slice = operand!.slice
    return slice === null ? ofValue(k, operand!.value()) : ofSlice(k, slice.data, slice.start, slice.end)
  })
}

export const characterLength = measure(
  (k, data, start, end) => `${k.bind(sliceLength)}(${data}, ${start}, ${end})`,
  (k, value) => `${k.bind(lengthOf)}(${value})`,
)
export const byteLength = measure(
  (_, __, start, end) => `(${end} - ${start})`,
  (_, value) => `${value}.length`,
)
export const textByteLength = measure(
  (_, __, start, end) => `(${end} - ${start})`,
  (k, value) => `${k.bind(octetLength)}(${value})`,
)
export const textBitLength = measure(
  (_, __, start, end) => `(8 * (${end} - ${start}))`,
  (k, value) => `(8 * ${k.bind(octetLength)}(${value}))`,
)
export const bitLength = measure(
  (_, __, start, end) => `(8 * (${end} - ${start}))`,
  (_, value) => `(8 * ${value}.length)`,
)

export const md5OfText = runtime((text: string) => md5(encodeText(text)))
export const md5OfBytes = runtime(md5)
