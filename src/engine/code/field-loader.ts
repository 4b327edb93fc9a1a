/**
 * Loads values of the current row as the words a slot holds: int32 halves for fixed-width types, byte ranges
 * for the others. Plain columns are read through an Int32Array alias or by slice, so that an int64 key never
 * becomes a BigInt and a string column never a JavaScript string. -0 is loaded as 0 and every NaN as the same
 * NaN.
 */
import type { LogicalType } from "../../columns/types.ts"
import { isVariableWidth } from "../../columns/types.ts"
import { asHalves, wordsPerRow } from "../../columns/vector.ts"
import type { Expression } from "../../expr/expression.ts"
import type { RowCode } from "../../expr/row-code.ts"
import { ByteScratch } from "./byte-scratch.ts"
import type { CodeScope } from "./code-scope.ts"

export interface LoadedField {
  readonly type: LogicalType
  /** A local that holds a boolean, or null. */
  readonly isNull: string | null
  /** Locals with int32 halves, low first, two per word; empty for bytes. */
  readonly halves: readonly string[]
  readonly bytes: { readonly data: string; readonly start: string; readonly end: string } | null
}

export class FieldLoader {
  readonly #row: RowCode
  readonly #scope: CodeScope
  readonly #plainColumns: number
  readonly #declarations: string[] = []
  readonly #declared = new Set<string>()

  constructor(row: RowCode, scope: CodeScope, plainColumns: number) {
    this.#row = row
    this.#scope = scope
    this.#plainColumns = plainColumns
  }

  /** Goes before the loop. */
  prologue(): string {
    return this.#declarations.join("\n")
  }

  /** Emits into `lines`. */
  load(expression: Expression, lines: string[]): LoadedField {
    if (expression.kind === "column" && expression.index < this.#plainColumns) {
      return this.#loadPlain(expression.index, expression.type, expression.nullable, lines)
    }
    return this.#loadComputed(expression, lines)
  }

  #loadPlain(index: number, type: LogicalType, nullable: boolean, lines: string[]): LoadedField {
    const isNull = nullable ? this.#scope.local("null") : null
    if (isNull !== null) lines.push(`const ${isNull} = ${this.column(index, "nulls")}[i] === 1;`)
    const orNull = (value: string, missing: string) =>
      isNull === null ? value : `${isNull} ? ${missing} : ${value}`
    if (isVariableWidth(type)) {
      const [start, end] = [this.#scope.local("s"), this.#scope.local("e")]
      lines.push(`const ${start} = ${orNull(`${this.column(index, "values")}[i]`, "0")};`)
      lines.push(`const ${end} = ${orNull(`${this.column(index, "ends")}[i]`, "0")};`)
      return { type, isNull, halves: [], bytes: { data: this.column(index, "data"), start, end } }
    }
    const halves = this.#halfLocals(type)
    switch (type.kind) {
      case "boolean":
      case "int32":
      case "date":
        lines.push(
          `const ${halves[0]} = ${orNull(`${this.column(index, "values")}[i]`, "0")}, ${halves[1]} = 0;`,
        )
        break
      case "float64":
        this.#pushFloat(orNull(`${this.column(index, "values")}[i]`, "0"), halves, lines)
        break
      default: {
        const alias = this.#declare(
          `q${index}`,
          `${this.#scope.bind(asHalves, "halves")}(batch.vectors[${index}].values)`,
        )
        halves.forEach((half, k) => {
          lines.push(`const ${half} = ${orNull(`${alias}[${halves.length} * i + ${k}]`, "0")};`)
        })
      }
    }
    return { type, isNull, halves, bytes: null }
  }

  #loadComputed(expression: Expression, lines: string[]): LoadedField {
    const slice = this.#row.slice(expression)
    if (slice !== null) {
      const isNull = this.#nullOf(slice, lines)
      return { type: expression.type, isNull, halves: [], bytes: slice }
    }
    const code = this.#row.evaluate(expression)
    const isNull = this.#nullOf(code, lines)
    const { type } = expression
    const orNull = (value: string, missing: string) =>
      isNull === null ? value : `${isNull} ? ${missing} : ${value}`
    if (isVariableWidth(type)) return this.#computedBytes(type, code.value, isNull, lines)
    const halves = this.#halfLocals(type)
    switch (type.kind) {
      case "boolean":
        lines.push(`const ${halves[0]} = ${orNull(`(${code.value} ? 1 : 0)`, "0")}, ${halves[1]} = 0;`)
        break
      case "int32":
      case "date":
        lines.push(`const ${halves[0]} = ${orNull(code.value, "0")}, ${halves[1]} = 0;`)
        break
      case "float64":
        this.#pushFloat(orNull(code.value, "0"), halves, lines)
        break
      default:
        this.#pushWords(orNull(code.value, "0n"), halves, lines)
    }
    return { type, isNull, halves, bytes: null }
  }

  /** The statements of a value, and a local that says whether it is NULL. */
  #nullOf({ isNull }: { readonly isNull: string | null }, lines: string[]): string | null {
    lines.push(this.#row.takeStatements())
    if (isNull === null) return null
    const name = this.#scope.local("null")
    lines.push(`const ${name} = ${isNull};`)
    return name
  }

  #computedBytes(type: LogicalType, value: string, isNull: string | null, lines: string[]): LoadedField {
    const orEmpty = (text: string, empty: string) =>
      isNull === null ? text : `${isNull} ? ${empty} : ${text}`
    const [data, start, end] = [this.#scope.local("d"), this.#scope.local("s"), this.#scope.local("e")]
    if (type.kind === "bytes") {
      const none = this.#scope.bind(new Uint8Array(0), "none")
      lines.push(`const ${data} = ${orEmpty(value, none)}, ${start} = 0, ${end} = ${data}.length;`)
    } else {
      const scratch = this.#scope.bind(new ByteScratch(), "text")
      const length = orEmpty(`${scratch}.encode(${value})`, "0")
      lines.push(`const ${end} = ${length}, ${start} = 0, ${data} = ${scratch}.bytes;`)
    }
    return { type, isNull, halves: [], bytes: { data, start, end } }
  }

  #pushFloat(value: string, halves: readonly string[], lines: string[]): void {
    const double = this.#scope.local("f")
    const words = new Float64Array(1)
    const scratch = this.#scope.bind(words, "float")
    const alias = this.#scope.bind(new Int32Array(words.buffer), "halves")
    lines.push(`const ${double} = ${value};`)
    lines.push(`${scratch}[0] = ${double} === 0 ? 0 : ${double} === ${double} ? ${double} : NaN;`)
    lines.push(`const ${halves[0]} = ${alias}[0], ${halves[1]} = ${alias}[1];`)
  }

  #pushWords(value: string, halves: readonly string[], lines: string[]): void {
    const words = new BigInt64Array(halves.length / 2)
    const scratch = this.#scope.bind(words, "word")
    const alias = this.#scope.bind(new Int32Array(words.buffer), "halves")
    const big = this.#scope.local("b")
    lines.push(`const ${big} = ${value}; ${scratch}[0] = ${big};`)
    if (words.length === 2) lines.push(`${scratch}[1] = ${big} >> 64n;`)
    lines.push(`const ${halves.map((half, k) => `${half} = ${alias}[${k}]`).join(", ")};`)
  }

  #halfLocals(type: LogicalType): string[] {
    return Array.from({ length: wordsPerRow(type) * 2 }, () => this.#scope.local("k"))
  }

  /** A local that holds one array of a batch column. */
  column(index: number, part: "values" | "nulls" | "ends" | "data"): string {
    return this.#declare(`c${index}_${part}`, `batch.vectors[${index}].${part}`)
  }

  #declare(name: string, value: string): string {
    if (!this.#declared.has(name)) {
      this.#declared.add(name)
      this.#declarations.push(`const ${name} = ${value};`)
    }
    return name
  }
}
