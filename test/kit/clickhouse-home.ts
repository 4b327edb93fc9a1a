/**
 * The ClickHouse home over given rows: the producers' bytes go into a table, ClickHouse reads them and
 * answers the views' lowered queries. Rows that the engine ruled late or failed are left out, as the ledger
 * would say.
 */
import type { LogicalType } from "../../src/columns/types.ts"
import type { EventContract } from "../../src/contracts/contract.ts"
import { textLiteral } from "../../src/expr/clickhouse/sql-writer.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import { QUERY_SETTINGS } from "../../src/runners/clickhouse/lower-plan.ts"
import {
  everyColumn,
  exactEventSql,
  plainEventSql,
  readColumns,
} from "../../src/runners/clickhouse/read-event.ts"
import { viewQuery } from "../../src/runners/clickhouse/view-query.ts"
import type { Cell, Row } from "./canonical.ts"
import { cellOfScalar } from "./canonical.ts"
import { ChdbSession } from "./chdb-session.ts"
import { APPEND_TIME_MS, type ViewsAnswer } from "./run-views.ts"

export interface HomeInput {
  readonly contracts: readonly EventContract[]
  readonly plans: readonly ViewPlan[]
  /** NDJSON per event. */
  readonly rows: ReadonlyMap<string, string>
  readonly excluded: ViewsAnswer["excluded"]
  readonly partly: ViewsAnswer["partly"]
}

const SETTINGS = Object.entries(QUERY_SETTINGS)
  .map(([name, value]) => `${name} = ${value}`)
  .join(", ")

export class ClickHouseHome implements Disposable {
  readonly #session = new ChdbSession()
  #input: HomeInput | null = null

  /** Replaces whatever was loaded before. */
  async load(input: HomeInput): Promise<void> {
    this.#input = input
    await this.#session.command("DROP DATABASE IF EXISTS home")
    await this.#session.command("CREATE DATABASE home")
    await this.#session.command(
      "CREATE TABLE home.excluded (view String, event String, partition Int32, offset Int64) ENGINE = Memory",
    )
    for (const { view, event, offset } of input.excluded) {
      await this.#session.command(
        `INSERT INTO home.excluded VALUES (${textLiteral(view)}, ${textLiteral(event)}, 0, ${offset})`,
      )
    }
    await this.#session.command(
      "CREATE TABLE home.partly (view String, event String, partition Int32, offset Int64, gone_end Int64) " +
        "ENGINE = Memory",
    )
    for (const { view, event, offset, goneEndUs } of input.partly) {
      const place = `${textLiteral(view)}, ${textLiteral(event)}, 0, ${offset}`
      await this.#session.command(`INSERT INTO home.partly VALUES (${place}, ${goneEndUs})`)
    }
    for (const contract of input.contracts)
      await this.#loadEvent(contract, input.rows.get(contract.name) ?? "")
  }

  async #loadEvent(contract: EventContract, ndjson: string): Promise<void> {
    const { name } = contract
    const wanted = everyColumn(contract)
    const columns = readColumns(contract, wanted).map((column) => `${column.name} ${column.type}`)
    await this.#session.command(`CREATE TABLE home.${name} (${columns.join(", ")}) ENGINE = Memory`)
    const lines = ndjson.split("\n").filter((line) => line !== "")
    if (lines.length === 0) return
    const values = lines.map((line, offset) => `(0, ${offset}, ${APPEND_TIME_MS}, ${textLiteral(line)})`)
    const raw = "_partition Int32, _offset Int64, _appended Int64, _value String"
    const from = `values('${raw}', ${values.join(", ")})`
    const reading = plainEventSql(contract, from, wanted)
    const read = (sql: string) =>
      this.#session.command(`INSERT INTO home.${name} ${sql} SETTINGS ${SETTINGS}`)
    if (reading !== null) await read(reading.plain)
    await read(exactEventSql(contract, reading === null ? from : `(${reading.rest})`, wanted))
  }

  async rows(plan: ViewPlan): Promise<readonly Row[]> {
    const { contracts, plans, partly } = this.#input!
    const query = viewQuery({
      view: plan.name,
      plans: new Map(plans.map((each) => [each.name, each])),
      contracts: new Map(contracts.map((each) => [each.name, each])),
      tables: {
        event: (event) => `home.${event}`,
        excluded: "home.excluded",
        partly: "home.partly",
        isPartlyUsed: (view) => partly.some((row) => row.view === view),
      },
      closedUntilUs: null,
      trace: null,
      rows: "used",
    })
    const list = query.columns.map((column, i) => exported(column, plan.columns[i]!.type))
    const sql = `SELECT ${list.join(", ")} FROM (${query.sql}) SETTINGS ${SETTINGS}`
    const rows = await this.#session.rows(sql).catch((error: unknown) => {
      throw new Error(`${String(error).slice(0, 800)}\n${sql}`)
    })
    return rows.map((row) => row.map((text, i) => cellOf(text, plan.columns[i]!.type)))
  }

  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]()
  }
}

function exported(column: string, type: LogicalType): string {
  if (type.kind === "float64") return `toString(reinterpretAsInt64((${column}) + 0.))`
  return type.kind === "bytes" ? `hex(${column})` : `toString(${column})`
}

function cellOf(text: string | null, type: LogicalType): Cell {
  if (text === null) return null
  switch (type.kind) {
    case "float64": {
      const view = new DataView(new ArrayBuffer(8))
      view.setBigInt64(0, BigInt(text))
      return view.getFloat64(0)
    }
    case "bytes":
      return text.toLowerCase()
    case "boolean":
      return text === "1" ? "true" : "false"
    case "decimal":
      return cellOfScalar(BigInt(text), type)
    default:
      return text
  }
}
