/**
 * Would a view's own query let one row pass? The plan is cut where rows are added up for the first time: what
 * comes behind, such as HAVING, is about groups and not about a row. Each way from the event's scan to there
 * is a query over that one row, in which conditions note that they did not hold.
 */
import type { EventContract } from "../../contracts/contract.ts"
import { Names } from "../../expr/clickhouse/sql-writer.ts"
import { inputsOf } from "../../plan/nodes/rebuild.ts"
import type { PlanNode, ScanNode } from "../../plan/plan.ts"
import { assertNever } from "../../std/assert.ts"
import { queryRows } from "../../stores/clickhouse.ts"
import type { Admissions, TrailRecord } from "../trail/event-trail.ts"
import { lowerPlan, QUERY_SETTINGS, type Relation } from "./lower-plan.ts"
import { everyColumn, exactEventSql, plainEventSql, RAW_COLUMNS } from "./read-event.ts"
import type { VerifierParts } from "./verifier.ts"
import { eventColumnNames } from "./view-query.ts"

/** Beside the statement's own text the row is in it, in hexadecimal. */
const MAX_QUERY_BYTES = 64 * 1024 ** 2
const LIMITS = {
  max_memory_usage: 512 * 1024 ** 2,
  max_execution_time: 20,
  max_query_size: MAX_QUERY_BYTES,
}
const SETTINGS = { ...QUERY_SETTINGS, ...LIMITS }

export class RowAdmissions implements Admissions {
  readonly #parts: Pick<VerifierParts, "clickhouse" | "contracts" | "plans">

  constructor(parts: Pick<VerifierParts, "clickhouse" | "contracts" | "plans">) {
    this.#parts = parts
  }

  async keptOutBy(view: string, record: TrailRecord): Promise<readonly string[] | null> {
    const { clickhouse, contracts, plans } = this.#parts
    const contract = contracts.find(({ name }) => name === record.event)!
    const fields = eventColumnNames(contract)
    const table = `(${await this.#readSql(contract, `(${rawRow(record)})`)})`
    const found: string[] = []
    for (const { node, scan } of waysIn(plans.find(({ name }) => name === view)!.root)) {
      if (scan.source !== "event" || scan.name !== record.event) continue
      const conditions: string[] = []
      const relation = lowerPlan(node, {
        scope: { emit: "changes", closedUntilUs: null, latenessUs: 0n },
        scan: (each, names) => rowRelation(each, table, fields, names),
        trace: null,
        names: new Names(),
        conditions,
      })
      const sql = `SELECT DISTINCT toString(${relation.dropped}) AS dropped FROM (${relation.sql})`
      const answer = await queryRows<{ dropped: string }>(clickhouse, sql, { settings: SETTINGS })
      if (answer.some(({ dropped }) => dropped === "0")) return null
      found.push(...answer.map(({ dropped }) => conditions[Number(dropped) - 1]!))
    }
    return [...new Set(found)]
  }

  /** The short way where the row is plain: the exact one takes ClickHouse long to plan. */
  async #readSql(contract: EventContract, row: string): Promise<string> {
    const columns = everyColumn(contract)
    const reading = plainEventSql(contract, row, columns)
    if (reading === null) return exactEventSql(contract, row, columns)
    const { clickhouse } = this.#parts
    const rest = await queryRows(clickhouse, `SELECT 1 FROM (${reading.rest})`, { settings: SETTINGS })
    return rest.length === 0 ? reading.plain : exactEventSql(contract, row, columns)
  }
}

/** As a row of RAW_COLUMNS; not a constant, which ClickHouse would compute with while it plans. */
function rawRow({ partition, offset, appendedMs, value }: TrailRecord): string {
  const values = [
    `toInt32(${partition})`,
    `toInt64(${offset})`,
    `toInt64(${appendedMs})`,
    `unhex('${Buffer.from(value).toString("hex")}')`,
  ]
  return `SELECT ${RAW_COLUMNS.map((name, i) => `materialize(${values[i]}) AS ${name}`).join(", ")}`
}

function rowRelation(scan: ScanNode, table: string, fields: readonly string[], names: Names): Relation {
  const columns = scan.columns.map(() => names.fresh())
  const dropped = names.fresh()
  const selected = scan.columns.map(({ name }, i) => `f${fields.indexOf(name)} AS ${columns[i]}`)
  const sql = `SELECT ${[...selected, `toUInt32(0) AS ${dropped}`].join(", ")} FROM ${table}`
  return { columns, trace: null, dropped, gone: null, sql }
}

interface WayIn {
  readonly node: PlanNode
  readonly scan: ScanNode
  /** True where rows were added up already: what comes behind does not belong to the way. */
  readonly isEnded: boolean
}

/** One for each scan: the plan from there to the first aggregate, or to the view's rows. */
export function waysIn(node: PlanNode): readonly WayIn[] {
  switch (node.kind) {
    case "scan":
      return [{ node, scan: node, isEnded: false }]
    case "aggregate":
      return waysIn(node.input).map((way) => ({ ...way, isEnded: true }))
    case "union-all":
      return node.inputs.flatMap(waysIn)
    case "join":
    case "rank":
    case "over":
    case "repeat":
    case "pattern":
    case "process":
      return inputsOf(node)
        .flatMap(waysIn)
        .map((way) => ({ ...way, isEnded: true }))
    case "filter":
    case "project":
    case "window":
    case "session":
      return waysIn(node.input).map((way) => {
        return way.isEnded ? way : { ...way, node: { ...node, input: way.node } }
      })
    default:
      return assertNever(node)
  }
}
