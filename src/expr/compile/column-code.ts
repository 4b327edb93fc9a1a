/**
 * How a batch's columns are read: which locals the prologue declares, and slices decoded when they are
 * needed.
 */
import type { LogicalType } from "../../columns/types.ts"
import { isVariableWidth } from "../../columns/types.ts"
import { asHalves, wordsPerRow } from "../../columns/vector.ts"
import type { ColumnReference, Expression } from "../expression.ts"
import type { CodeValue, RowCodeOptions, SliceValue } from "../row-code.ts"
import { columnNames } from "../row-code.ts"
import { decodeSlice } from "../values/slices.ts"
import type { CodeWriter } from "./kernel.ts"

interface Writer extends CodeWriter {
  remember(key: number, write: () => CodeValue): CodeValue
  keyOf(expression: Expression): number
}

export class ColumnCode {
  readonly #options: RowCodeOptions
  readonly #writer: Writer
  readonly #used = new Map<number, LogicalType>()
  readonly #halved = new Set<number>()

  constructor(options: RowCodeOptions, writer: Writer) {
    this.#options = options
    this.#writer = writer
  }

  /** One line per column that the code uses. */
  declarations(): string[] {
    const { batch } = this.#options
    const halves = [...this.#halved].map((index) => {
      const { values, halves } = columnNames(index)
      return `const ${halves} = ${this.#writer.bind(asHalves)}(${values});`
    })
    const columns = [...this.#used].map(([index, type]) => {
      const names = columnNames(index)
      const vector = `${batch}.vectors[${index}]`
      const slices = `, ${names.ends} = ${vector}.ends, ${names.data} = ${vector}.data`
      const fixed = `const ${names.values} = ${vector}.values, ${names.nulls} = ${vector}.nulls`
      return `${fixed}${isVariableWidth(type) ? slices : ""};`
    })
    return [...columns, ...halves]
  }

  /** The value of a batch's date or time as numbers, none of them a BigInt. */
  words(column: ColumnReference): string[] {
    this.#use(column)
    const { values, halves } = columnNames(column.index)
    const { row } = this.#options
    if (column.type.kind === "date") return [`${values}[${row}]`]
    this.#halved.add(column.index)
    return [`${halves}[2 * ${row}]`, `${halves}[2 * ${row} + 1]`]
  }

  /** Whether the column is one of the batch. */
  isPlain(column: ColumnReference): boolean {
    return this.#options.extra?.has(column.index) !== true
  }

  value(column: ColumnReference): CodeValue {
    const extra = this.#options.extra?.get(column.index)
    if (extra !== undefined) return extra
    this.#use(column)
    const { values } = columnNames(column.index)
    const { row } = this.#options
    const isNull = this.isNull(column)
    const { type } = column
    if (isVariableWidth(type)) return this.#decoded(column)
    if (type.kind === "boolean") return { value: `(${values}[${row}] === 1)`, isNull }
    if (wordsPerRow(type) === 1) return { value: `${values}[${row}]`, isNull }
    return this.#writer.remember(this.#writer.keyOf(column), () => {
      const wide = this.#writer.local("w")
      const low = `BigInt.asUintN(64, ${values}[2 * ${row}])`
      this.#writer.emit(`const ${wide} = (${values}[2 * ${row} + 1] << 64n) + ${low};`)
      return { value: wide, isNull }
    })
  }

  /** Null when the column is not a slice of the batch. */
  slice(column: ColumnReference): SliceValue | null {
    if (!isVariableWidth(column.type) || this.#options.extra?.has(column.index)) return null
    this.#use(column)
    const { data, values, ends } = columnNames(column.index)
    const { row } = this.#options
    const [start, end] = [`${values}[${row}]`, `${ends}[${row}]`]
    return { data, start, end, column: column.index, isNull: this.isNull(column) }
  }

  isNull(column: ColumnReference): string | null {
    const extra = this.#options.extra?.get(column.index)
    if (extra !== undefined) return extra.isNull
    this.#use(column)
    return column.nullable ? `${columnNames(column.index).nulls}[${this.#options.row}] === 1` : null
  }

  #use(column: ColumnReference): void {
    this.#used.set(column.index, column.type)
  }

  #decoded(column: ColumnReference): CodeValue {
    const writer = this.#writer
    return writer.remember(writer.keyOf(column), () => decoded(writer, column.type, this.slice(column)!))
  }
}

/** The scalar of a slice. */
export function decoded(writer: CodeWriter, type: LogicalType, slice: SliceValue): CodeValue {
  const { data, start, end, isNull } = slice
  const read =
    type.kind === "bytes"
      ? `${data}.subarray(${start}, ${end})`
      : `${writer.bind(decodeSlice)}(${data}, ${start}, ${end})`
  const value = writer.variable("s", type)
  writer.when(isNull === null ? "true" : `!(${isNull})`, () => writer.emit(`${value} = ${read};`))
  return { value, isNull }
}
