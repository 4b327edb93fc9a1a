/** ClickHouse (chDB) evaluates expressions by their spellings, over rows of a table or as constants. */
import type { Interval, LogicalType, Scalar } from "../../src/columns/types.ts"
import { spellClickHouse } from "../../src/expr/clickhouse/spell.ts"
import { clickhouseType, Names, packInterval, typedLiteral } from "../../src/expr/clickhouse/sql-writer.ts"
import type { Expression } from "../../src/expr/expression.ts"
import { ChdbSession } from "../kit/chdb-session.ts"

/** Doubles are read to the last bit. */
const SETTINGS = "SETTINGS precise_float_parsing = 1"

export class ChdbOracle implements Disposable {
  readonly #session = new ChdbSession()

  /** The expression over columns c0, c1, … for each row. */
  async overRows(
    expression: Expression,
    types: readonly LogicalType[],
    rows: readonly (readonly Scalar[])[],
  ): Promise<(string | null)[]> {
    const structure = types.map((type, i) => `c${i} Nullable(${clickhouseType(type)})`)
    const values = rows.map(
      (row, id) => `(${[id, 0, ...row.map((value, i) => typedLiteral(value, types[i]!))].join(", ")})`,
    )
    const names = new Names()
    const sql = spellClickHouse(expression, (index) => `c${index}`, names)
    const columns = ["id Int64", "none UInt8", ...structure].join(", ")
    const table = `SELECT * FROM values('${columns}', ${values.join(", ")})`
    const query = `SELECT ${textOf(sql, expression.type)} FROM (${names.over(table)}) ORDER BY id ${SETTINGS}`
    return (await this.#session.rows(query)).map((row) => row[0]!)
  }

  async constants(expressions: readonly Expression[]): Promise<(string | null)[]> {
    const names = new Names()
    const list = expressions.map((expression) =>
      textOf(
        spellClickHouse(expression, () => "none", names),
        expression.type,
      ),
    )
    const query = `SELECT ${list.join(", ")} FROM (${names.over("SELECT 1 AS one")}) ${SETTINGS}`
    return (await this.#session.rows(query))[0]!
  }

  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]()
  }
}

/** Text that shows every bit of the value. */
function textOf(sql: string, type: LogicalType): string {
  switch (type.kind) {
    case "string":
    case "bytes":
    case "json":
      return `hex(${sql})`
    case "float64":
      return `toString(reinterpretAsInt64((${sql}) + 0.))`
    default:
      return `toString(${sql})`
  }
}

/** What `textOf` gives for one of our values. */
export function textOfScalar(value: Scalar, type: LogicalType): string | null {
  if (value === null) return null
  switch (type.kind) {
    case "string":
    case "json":
      return Buffer.from(value as string)
        .toString("hex")
        .toUpperCase()
    case "bytes":
      return Buffer.from(value as Uint8Array)
        .toString("hex")
        .toUpperCase()
    case "float64": {
      const view = new DataView(new ArrayBuffer(8))
      view.setFloat64(0, (value as number) + 0)
      return String(view.getBigInt64(0))
    }
    case "boolean":
      return value === true ? "1" : "0"
    case "interval":
      return String(packInterval(value as Interval))
    default:
      return String(value)
  }
}
