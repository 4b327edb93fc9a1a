/**
 * Writes the statements that evaluate expressions for one row. Values that were computed are remembered per
 * expression in the scope that computed them; a scope sees those around it, which all run before it, so a
 * value is reused only where it exists.
 */
import type { LogicalType, Scalar } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import { entryOf } from "../catalogue/catalogue.ts"
import type { Call, Expression, Failure } from "../expression.ts"
import type { CodeValue, RowCode, RowCodeOptions, SliceValue } from "../row-code.ts"
import { failureIndex, register } from "../values/failure-register.ts"
import { ZERO_INTERVAL } from "../values/interval.ts"
import { castCall } from "./casts.ts"
import { ColumnCode, decoded } from "./column-code.ts"
import { writeCase, writeCoalesce, writeLogical } from "./control-flow.ts"
import { ExpressionKeys } from "./expression-keys.ts"
import type { CallShape, CodeWriter, Kernel, Operand, RuntimeFunction } from "./kernel.ts"
import { LastValues } from "./last-values.ts"

const EMPTY_BYTES = new Uint8Array(0)

export function createRowCode(options: RowCodeOptions): RowCode {
  return new RowCodeWriter(options)
}

export class RowCodeWriter implements RowCode, CodeWriter {
  readonly #options: RowCodeOptions
  readonly #columns: ColumnCode
  readonly #keys = new ExpressionKeys()
  readonly #scopes: Map<number, CodeValue>[] = [new Map()]
  readonly #sliceScopes: Map<number, SliceValue | null>[] = [new Map()]
  readonly #names: string[] = []
  readonly #values: unknown[] = []
  readonly #nameOf = new Map<unknown, string>()
  /** Parameter that holds a 64-bit constant in a typed array -> local of the prologue. */
  readonly #constants = new Map<string, string>()
  readonly #constantOf = new Map<bigint, string>()
  readonly #lastValues: LastValues
  readonly #before: string[] = []
  #lines: string[] = []
  #locals = 0
  /** Calls of runtime functions that were written. */
  #calls = 0
  /** Condition under which a kernel's failures count: its arguments are not NULL. */
  #guard: string | null = null

  constructor(options: RowCodeOptions) {
    this.#options = options
    this.#columns = new ColumnCode(options, this)
    this.#lastValues = new LastValues(this, this.#columns)
  }

  get bound() {
    return { names: this.#names, values: this.#values }
  }

  takeStatements(): string {
    const text = this.#lines.join("\n")
    this.#lines = []
    return text
  }

  prologue(): string {
    const constants = [...this.#constants].map(([array, name]) => `const ${name} = ${array}[0];`)
    return [...this.#columns.declarations(), ...constants, ...this.#before].join("\n")
  }

  bind(value: unknown): string {
    const known = this.#nameOf.get(value)
    if (known !== undefined) return known
    const name = `$${this.#names.length}`
    this.#names.push(name)
    this.#values.push(value)
    this.#nameOf.set(value, name)
    return name
  }

  int64(value: bigint): string {
    if (value !== BigInt.asIntN(64, value)) return this.bind(value)
    const known = this.#constantOf.get(value)
    if (known !== undefined) return known
    const name = this.local("k")
    this.#constantOf.set(value, name)
    this.#constants.set(this.bind(BigInt64Array.of(value)), name)
    return name
  }

  local(hint: string): string {
    return `${hint}_${this.#locals++}`
  }

  variable(hint: string, type: LogicalType): string {
    const name = this.local(hint)
    this.emit(`let ${name} = ${this.zero(type)};`)
    return name
  }

  before(statement: string): void {
    this.#before.push(statement)
  }

  emit(statement: string): void {
    this.#lines.push(statement)
  }

  enter(): void {
    this.#scopes.push(new Map())
    this.#sliceScopes.push(new Map())
  }

  leave(): void {
    assert(this.#scopes.length > 1, "a scope was entered before it is left")
    this.#scopes.pop()
    this.#sliceScopes.pop()
  }

  when(condition: string, body: () => void): void {
    if (condition === "true") {
      body()
      return
    }
    this.emit(`if (${condition}) {`)
    this.enter()
    body()
    this.leave()
    this.emit("}")
  }

  block(body: (label: string) => void): void {
    const label = this.local("b")
    this.emit(`${label}: {`)
    this.enter()
    body(label)
    this.leave()
    this.emit("}")
  }

  failIf(condition: string, failure: Failure): void {
    const guarded = this.#guard === null ? condition : `(${condition}) && ${this.#guard}`
    this.emit(`if (${guarded}) { ${this.#options.onFailure(failureIndex(failure))} }`)
  }

  run(fn: RuntimeFunction, args: readonly string[], failures: readonly Failure[]): string {
    const value = this.local("t")
    this.#calls++
    this.emit(`const ${value} = ${this.bind(fn)}(${args.join(", ")});`)
    if (failures.length === 0) return value
    const raised = `${this.bind(register)}.failure`
    const leave = failures.map((failure, index) => {
      const statements = `{ ${raised} = 0; ${this.#options.onFailure(failureIndex(failure))} }`
      return index === failures.length - 1
        ? statements
        : `if (${raised} === ${failureIndex(failure)}) ${statements} else`
    })
    this.emit(`if (${raised} !== 0) { ${leave.join(" ")} }`)
    return value
  }

  evaluate(expression: Expression): CodeValue {
    if (expression.kind === "literal") return this.#literal(expression.type, expression.value)
    if (expression.kind === "column") return this.#columns.value(expression)
    const key = this.#keys.keyOf(expression)
    return this.remember(key, () => this.#lastValues.write(expression, () => this.#write(expression)))
  }

  /** What `write` emits, apart, and whether it calls a runtime function: that is what takes time. */
  apart<T>(write: () => T): { readonly result: T; readonly statements: string; readonly calls: boolean } {
    const [outer, before] = [this.#lines, this.#calls]
    this.#lines = []
    const result = write()
    const statements = this.takeStatements()
    this.#lines = outer
    return { result, statements, calls: this.#calls > before }
  }

  /** The value that `write` gave for this key at a place that runs before this one, or what it gives now. */
  remember(key: number, write: () => CodeValue): CodeValue {
    return remembered(this.#scopes, key, write)
  }

  keyOf(expression: Expression): number {
    return this.#keys.keyOf(expression)
  }

  operand(expression: Expression): Operand {
    const { type } = expression
    const literal = expression.kind === "literal" ? expression.value : undefined
    const slice = this.slice(expression)
    if (expression.kind === "column" || slice !== null) {
      const isNull = expression.kind === "column" ? this.#columns.isNull(expression) : slice!.isNull
      return { type, slice, literal, isNull, value: () => this.evaluate(expression).value }
    }
    const value = this.evaluate(expression)
    return { type, slice: null, literal, isNull: value.isNull, value: () => value.value }
  }

  slice(expression: Expression): SliceValue | null {
    if (expression.kind === "column") return this.#columns.slice(expression)
    if (expression.kind !== "call") return null
    const kernel = kernelOf(expression)
    if (kernel.kind !== "cut") return null
    const key = this.#keys.keyOf(expression)
    return remembered(this.#sliceScopes, key, () => this.#cut(expression, kernel))
  }

  #cut({ args }: Call, kernel: Kernel & { readonly kind: "cut" }): SliceValue | null {
    const [text, ...rest] = args
    const code = kernel.cut(rest.map((arg) => (arg.kind === "literal" ? arg.value : undefined)))
    const from = code === null ? null : this.slice(text!)
    if (code === null || from === null) return null
    const [start, end] = [this.local("s"), this.local("e")]
    this.emit(`let ${start} = 0, ${end} = 0;`)
    let data = from.data
    let { column } = from
    this.when(from.isNull === null ? "true" : `!(${from.isNull})`, () => {
      const made = code(this, from)
      this.emit(`${start} = ${made.start}; ${end} = ${made.end};`)
      data = made.data
      column = made.column
    })
    return { data, start, end, column, isNull: from.isNull }
  }

  #write(expression: Exclude<Expression, { kind: "literal" | "column" }>): CodeValue {
    switch (expression.kind) {
      case "call":
        return this.#call(expression, kernelOf(expression))
      case "cast": {
        const { kernel, call } = castCall(expression)
        return kernel === null ? this.evaluate(expression.input) : this.#call(call, kernel)
      }
      case "and":
      case "or":
        return writeLogical(this, expression)
      case "case":
        return writeCase(this, expression)
      case "coalesce":
        return writeCoalesce(this, expression)
    }
  }

  #call(call: Call, kernel: Kernel): CodeValue {
    if (kernel.kind === "own") return kernel.code(this, call)
    if (kernel.kind === "cut") {
      const slice = this.slice(call)
      return slice === null ? this.#call(call, kernel.otherwise) : decoded(this, call.type, slice)
    }
    if (call.args.some((arg) => arg.kind === "literal" && arg.value === null))
      return this.#literal(call.type, null)
    const operands = call.args.map((arg) => this.operand(arg))
    const isNull = this.#anyNull(operands)
    const shape: CallShape = {
      type: call.type,
      args: call.args.map((arg) => arg.type),
      literals: operands.map((operand) => operand.literal),
    }
    const code = () =>
      kernel.kind === "slices"
        ? kernel.code(this, operands, shape)
        : kernel.code(
            this,
            operands.map((operand) => operand.value()),
            shape,
          )
    if (isNull === null || (kernel.kind === "strict" && kernel.mode === "inline")) {
      return { value: this.#guarded(isNull, code), isNull }
    }
    const value = this.variable("t", call.type)
    this.when(`!(${isNull})`, () => this.emit(`${value} = ${this.#guarded(null, code, false)};`))
    return { value, isNull }
  }

  #guarded(isNull: string | null, code: () => string, named = true): string {
    const outer = this.#guard
    this.#guard = isNull === null ? null : `!(${isNull})`
    const text = code()
    this.#guard = outer
    if (!named || /^\w+$/.test(text)) return text
    const value = this.local("t")
    this.emit(`const ${value} = ${text};`)
    return value
  }

  #anyNull(operands: readonly Operand[]): string | null {
    const tests = [...new Set(operands.map((operand) => operand.isNull).filter((test) => test !== null))]
    if (tests.length === 0) return null
    if (tests.length === 1 && /^\w+$/.test(tests[0]!)) return tests[0]!
    const name = this.local("n")
    this.emit(`const ${name} = ${tests.join(" || ")};`)
    return name
  }

  #literal(type: LogicalType, value: Scalar): CodeValue {
    if (value === null) return { value: this.zero(type), isNull: "true" }
    if (typeof value === "boolean") return { value: String(value), isNull: null }
    if (typeof value === "bigint") return { value: this.int64(value), isNull: null }
    return { value: this.bind(value), isNull: null }
  }

  /** A value of the type that nobody reads. */
  zero(type: LogicalType): string {
    switch (type.kind) {
      case "boolean":
        return "false"
      case "int32":
      case "date":
      case "float64":
        return "0"
      case "string":
      case "json":
        return '""'
      case "bytes":
        return this.bind(EMPTY_BYTES)
      case "interval":
        return this.bind(ZERO_INTERVAL)
      default:
        return "0n"
    }
  }
}

/** What `write` gave for the key in one of the scopes, or gives now for the innermost one. */
function remembered<T>(scopes: readonly Map<number, T>[], key: number, write: () => T): T {
  const scope = scopes.findLast((each) => each.has(key))
  if (scope !== undefined) return scope.get(key)!
  const value = write()
  scopes.at(-1)!.set(key, value)
  return value
}

function kernelOf(call: Call): Kernel {
  const entry = entryOf(call.signature)
  assert(entry !== undefined, `the catalogue has ${call.signature}`)
  return entry.kernel
}
