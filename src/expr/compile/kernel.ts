/**
 * What a catalogue entry's kernel is: a writer of code for one call. A strict kernel sees its arguments'
 * values only and need not think of NULL; an own kernel gets the expressions and decides what is evaluated,
 * and when.
 */
import type { LogicalType, Scalar } from "../../columns/types.ts"
import type { Call, Expression, Failure } from "../expression.ts"
import type { CodeValue, SliceValue } from "../row-code.ts"

/** A string, json or bytes value that is a range of bytes, most often of its column's. */
export type Slice = Omit<SliceValue, "isNull">

export interface Operand {
  readonly type: LogicalType
  readonly isNull: string | null
  /** The value's JavaScript expression; a slice is decoded by the first call at a place. */
  readonly value: () => string
  readonly slice: Slice | null
  /** Of a literal; undefined for anything else. */
  readonly literal: Scalar | undefined
}

export interface CallShape {
  readonly type: LogicalType
  readonly args: readonly LogicalType[]
  readonly literals: readonly (Scalar | undefined)[]
}

export interface KernelContext {
  emit(statement: string): void
  local(hint: string): string
  /** A parameter of the generated function; equal functions and constants share one. */
  bind(value: unknown): string
  /** A 64-bit constant that V8 keeps out of the heap. */
  int64(value: bigint): string
  /** Leaves the row when `condition` holds and the call's arguments are not NULL. */
  failIf(condition: string, failure: Failure): void
  /** Calls a runtime function and leaves the row when it raised one of `failures`. */
  run(fn: RuntimeFunction, args: readonly string[], failures: readonly Failure[]): string
}

export interface CodeWriter extends KernelContext {
  /** A statement in front of the loop over rows. */
  before(statement: string): void
  operand(expression: Expression): Operand
  evaluate(expression: Expression): CodeValue
  /** Where the bytes of the value are, when that is known without making a JavaScript string. */
  slice(expression: Expression): SliceValue | null
  /** `if (condition) { … }`; values computed inside are forgotten behind it. */
  when(condition: string, body: () => void): void
  /** `label: { … }`, for `break label`. */
  block(body: (label: string) => void): void
  /** A `let` with a value of the type that nobody reads. */
  variable(hint: string, type: LogicalType): string
}

/** Takes what the entry's parameters say; the catalogue's tests hold the two together. */
export type RuntimeFunction = (...args: never[]) => unknown

/** inline: cannot throw, whatever garbage a NULL leaves in its arguments. branch: runs only without NULLs. */
export type Kernel =
  | {
      readonly kind: "strict"
      readonly mode: "inline" | "branch"
      readonly code: (context: KernelContext, values: readonly string[], shape: CallShape) => string
    }
  | {
      readonly kind: "slices"
      readonly code: (context: CodeWriter, operands: readonly Operand[], shape: CallShape) => string
    }
  | { readonly kind: "own"; readonly code: (writer: CodeWriter, call: Call) => CodeValue }
  | {
      readonly kind: "cut"
      readonly cut: (constants: readonly (Scalar | undefined)[]) => CutCode | null
      readonly otherwise: Kernel
    }

/** Emits what makes a slice of another one; neither is NULL. */
export type CutCode = (writer: CodeWriter, slice: Slice) => Slice

type StrictCode = (context: KernelContext, values: readonly string[], shape: CallShape) => string

/** Code that cannot throw; failures only through `failIf`. */
export function inline(code: StrictCode): Kernel {
  return { kind: "strict", mode: "inline", code }
}

/** Code that may throw or be slow on garbage, so it runs only when no argument is NULL. */
export function branch(code: StrictCode): Kernel {
  return { kind: "strict", mode: "branch", code }
}

/** A template over the argument values: `template((a, b) => `${a} < ${b}`)`. */
export function template(text: (...values: string[]) => string): Kernel {
  return inline((_, values) => text(...values))
}

/** A function from values to a value; `failures` lists what it may raise. */
export function runtime(fn: RuntimeFunction, ...failures: Failure[]): Kernel {
  return branch((context, values) => context.run(fn, values, failures))
}

/** The same, and the result may be null although no argument is. */
export function nullableRuntime(fn: RuntimeFunction, ...failures: Failure[]): Kernel {
  return own((writer, call) => {
    const operands = call.args.map((arg) => writer.operand(arg))
    const value = writer.variable("t", call.type)
    const isNull = writer.local("n")
    writer.emit(`let ${isNull} = true;`)
    const body = () => {
      const found = writer.run(
        fn,
        operands.map((operand) => operand.value()),
        failures,
      )
      writer.emit(`if (${found} !== null) { ${value} = ${found}; ${isNull} = false; }`)
    }
    writer.when(noneNull(operands.map((operand) => operand.isNull)), body)
    return { value, isNull }
  })
}

/** Strict, with the operands themselves, so that slices can be compared without decoding them. */
export function slices(
  code: (context: CodeWriter, operands: readonly Operand[], shape: CallShape) => string,
): Kernel {
  return { kind: "slices", code }
}

/**
 * A function of a text whose result is a slice, too, where `code` knows how to make it with these constants
 * behind the text (undefined where an argument is none).
 */
export function cut(
  otherwise: Kernel,
  code: (constants: readonly (Scalar | undefined)[]) => CutCode | null,
): Kernel {
  return { kind: "cut", cut: code, otherwise }
}

export function own(code: (writer: CodeWriter, call: Call) => CodeValue): Kernel {
  return { kind: "own", code }
}

/** A condition that no value is NULL; "true" when none can be. */
export function noneNull(isNulls: readonly (string | null)[]): string {
  const tests = isNulls.filter((test) => test !== null)
  return tests.length === 0 ? "true" : `!(${tests.join(" || ")})`
}
