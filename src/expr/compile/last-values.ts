/**
 * What follows from one time alone, and takes a call to compute, is computed only where that time is another
 * one than in the row before: rows come about in the order of their times, so neighbours often share them.
 * Expressions are pure (now() and random() are refused), so the value stays what it would have been. A loop
 * remembers it from its first row to its last; one that fails is not remembered.
 *
 *   let known = false, low = 0, high = 0, last = "";                      in front of the loop
 *   if (!known || low !== h[2 * i] || high !== h[2 * i + 1]) {
 *     <statements>
 *     last = <value>; low = h[2 * i]; high = h[2 * i + 1]; known = true;
 *   }
 */
import type { LogicalType } from "../../columns/types.ts"
import type { ColumnReference, Expression } from "../expression.ts"
import { childrenOf } from "../rewrite.ts"
import type { CodeValue } from "../row-code.ts"
import type { ColumnCode } from "./column-code.ts"
import type { CodeWriter } from "./kernel.ts"

interface Writer extends CodeWriter {
  enter(): void
  leave(): void
  zero(type: LogicalType): string
  apart<T>(write: () => T): { readonly result: T; readonly statements: string; readonly calls: boolean }
}

export class LastValues {
  readonly #writer: Writer
  readonly #columns: ColumnCode
  /** Inside of an expression that is remembered as a whole, or that has nothing to remember. */
  #inside = false

  constructor(writer: Writer, columns: ColumnCode) {
    this.#writer = writer
    this.#columns = columns
  }

  /** `write` emits the statements of the expression and says where its value is. */
  write(expression: Expression, write: () => CodeValue): CodeValue {
    if (this.#inside) return write()
    const time = this.#timeOf(expression)
    if (time === null) return write()
    const writer = this.#writer
    this.#inside = true
    writer.enter()
    const { result, statements, calls } = writer.apart(write)
    writer.leave()
    const value = calls ? this.#remember(time, expression.type, result, statements) : write()
    this.#inside = false
    return value
  }

  #remember(time: ColumnReference, type: LogicalType, result: CodeValue, statements: string): CodeValue {
    const writer = this.#writer
    const known = this.#declare("known", "false")
    const last = this.#declare("last", writer.zero(type))
    const lastIsNull = result.isNull === null ? null : this.#declare("lastNull", "false")
    const isNull = this.#columns.isNull(time)
    const words = this.#columns.words(time).map((word) => [this.#declare("word", "0"), word] as const)
    if (isNull !== null) words.push([this.#declare("wordNull", "false"), `(${isNull})`])
    const differs = words.map(([before, now]) => `${before} !== ${now}`)
    writer.emit(`if (!${known} || ${differs.join(" || ")}) {
      ${statements}
      ${last} = ${result.value};
      ${lastIsNull === null ? "" : `${lastIsNull} = ${result.isNull};`}
      ${words.map(([before, now]) => `${before} = ${now};`).join(" ")}
      ${known} = true;
    }`)
    return { value: last, isNull: lastIsNull }
  }

  #declare(hint: string, value: string): string {
    const name = this.#writer.local(hint)
    this.#writer.before(`let ${name} = ${value};`)
    return name
  }

  /** The only column that the expression reads, where it is a date or time of the batch. */
  #timeOf(expression: Expression): ColumnReference | null {
    const columns = columnsOf(expression)
    const [first] = columns
    if (first === undefined || columns.some(({ index }) => index !== first.index)) return null
    const isTime = first.type.kind === "timestamp" || first.type.kind === "date"
    return isTime && this.#columns.isPlain(first) ? first : null
  }
}

function columnsOf(expression: Expression): readonly ColumnReference[] {
  return expression.kind === "column" ? [expression] : childrenOf(expression).flatMap(columnsOf)
}
