/**
 * Ends a route at a view, or at an operator that takes rows: writes the row into a RowBuilder, unless it is
 * late. String columns that pass through stay slices of the batch they came in, so all rows of one run must
 * come from one batch.
 */
import type { LogicalType } from "../../columns/types.ts"
import { isVariableWidth, STRING } from "../../columns/types.ts"
import { wordsPerRow } from "../../columns/vector.ts"
import type { Expression } from "../../expr/expression.ts"
import type { SliceValue } from "../../expr/row-code.ts"
import type { RowBuilder } from "../operators/row-builder.ts"
import type { LateBound } from "../time/late-bound.ts"
import type { RouteShape, RouteWriter, Terminal } from "./route-writer.ts"

/** A row is late when the time in `column` is at the bound or before it. */
export interface Lateness {
  readonly column: number
  readonly bound: LateBound
}

export class RowsTerminal implements Terminal {
  readonly name = "routeRows"
  readonly shape: RouteShape
  readonly windows = 0
  readonly #builder: RowBuilder
  readonly #lateness: Lateness | null
  readonly #finish: string[] = []
  readonly begin = "mark = at;"
  readonly undo = "at = mark;"

  constructor(shape: RouteShape, builder: RowBuilder, lateness: Lateness | null = null) {
    this.shape = shape
    this.#builder = builder
    this.#lateness = lateness
  }

  declare(writer: RouteWriter): string {
    const builder = writer.scope.bind(this.#builder, "rows")
    const names = this.#builder.columns.map((_, k) => `let o${k}, o${k}v, o${k}n, o${k}e;`)
    const take = this.#builder.columns.map(
      (_, k) =>
        `o${k} = ${builder}.columns[${k}]; o${k}v = o${k}.values; o${k}n = o${k}.nulls; o${k}e = o${k}.ends;`,
    )
    return `let at = 0, mark = 0, capacity = ${builder}.capacity, ow = ${builder}.weights;
      ${names.join("\n")}
      const take = () => { ${take.join("\n")} ow = ${builder}.weights; capacity = ${builder}.capacity; };
      take();`
  }

  write(writer: RouteWriter, columns: readonly Expression[]): void {
    const builder = writer.scope.bind(this.#builder, "rows")
    if (this.#lateness !== null) this.#skipLate(writer, columns, this.#lateness)
    const writes = columns.map((column, k) => this.#writeColumn(writer, column, k))
    writer.push(`if (at === capacity) { ${builder}.length = at; ${builder}.grow(); take(); }`)
    for (const write of writes) writer.push(write)
    if (this.shape.weighted) writer.push("ow[at] = w;")
    writer.push("at++; hits++;")
  }

  readonly finish = (writer: RouteWriter): string => {
    const builder = writer.scope.bind(this.#builder, "rows")
    return `${builder}.length = at; ${this.#finish.join("\n")}`
  }

  #skipLate(writer: RouteWriter, columns: readonly Expression[], { column, bound }: Lateness): void {
    const { isNull, halves } = writer.loader.load(columns[column]!, writer.lines)
    const [low, high] = halves
    const until = writer.scope.bind(bound, "until")
    const isLate = `${high} < ${until}.high || (${high} === ${until}.high && (${low} >>> 0) <= ${until}.low)`
    const isTimed = isNull === null ? "" : `!${isNull} && `
    writer.push(`if (${until}.exists && ${isTimed}(${isLate})) { ${writer.skip("late")} }`)
  }

  #writeColumn(writer: RouteWriter, column: Expression, k: number): string {
    const plain = column.kind === "column" && column.index < this.shape.columns.length
    if (plain && isVariableWidth(column.type))
      return this.#passSlice(writer, column.index, column.nullable, k)
    const slice = plain ? null : writer.row.slice(column)
    if (slice !== null) return this.#writeSlice(writer, slice, k)
    const { value, isNull } = writer.evaluate(column)
    if (isNull === null) return `o${k}n[at] = 0; ${setValue(column.type, k, value)}`
    return `if (${isNull}) { o${k}n[at] = 1; ${setNull(column.type, k)} }
      else { o${k}n[at] = 0; ${setValue(column.type, k, value)} }`
  }

  /** Of a text that was made from another one: its bytes stay where they are if the batch has them. */
  #writeSlice(writer: RouteWriter, { data, start, end, column, isNull }: SliceValue, k: number): string {
    writer.push(writer.row.takeStatements())
    const stays = column !== null
    if (stays) this.#finish.push(`o${k}.data = ${data};`)
    const range = stays
      ? `o${k}v[at] = ${start}; o${k}e[at] = ${end};`
      : `o${k}.setBytes(at, ${data}, ${start}, ${end});`
    const write = `o${k}n[at] = 0; ${range}`
    return isNull === null
      ? write
      : `if (${isNull}) { o${k}n[at] = 1; ${setNull(STRING, k)} } else { ${write} }`
  }

  #passSlice(writer: RouteWriter, index: number, nullable: boolean, k: number): string {
    const [starts, ends, data] = (["values", "ends", "data"] as const).map((part) =>
      writer.loader.column(index, part),
    )
    this.#finish.push(`o${k}.data = ${data};`)
    const pass = `o${k}n[at] = 0; o${k}v[at] = ${starts}[i]; o${k}e[at] = ${ends}[i];`
    if (!nullable) return pass
    const nulls = writer.loader.column(index, "nulls")
    return `if (${nulls}[i] === 1) { o${k}n[at] = 1; o${k}v[at] = 0; o${k}e[at] = 0; } else { ${pass} }`
  }
}

function setValue(type: LogicalType, k: number, value: string): string {
  if (type.kind === "bytes") return `{ const b = ${value}; o${k}.setBytes(at, b, 0, b.length); }`
  if (isVariableWidth(type)) return `o${k}.setText(at, ${value});`
  if (wordsPerRow(type) === 2)
    return `{ const b = ${value}; o${k}v[2 * at] = b; o${k}v[2 * at + 1] = b >> 64n; }`
  return type.kind === "boolean" ? `o${k}v[at] = (${value}) ? 1 : 0;` : `o${k}v[at] = ${value};`
}

/** Zeros, so that equal rows have equal words. */
function setNull(type: LogicalType, k: number): string {
  if (isVariableWidth(type)) return `o${k}v[at] = 0; o${k}e[at] = 0;`
  if (wordsPerRow(type) === 2) return `o${k}v[2 * at] = 0n; o${k}v[2 * at + 1] = 0n;`
  return ["int64", "timestamp", "decimal"].includes(type.kind) ? `o${k}v[at] = 0n;` : `o${k}v[at] = 0;`
}
