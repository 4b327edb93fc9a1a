/**
 * A view as one ClickHouse query over history: its plan, and in it the plans of the views it reads, each over
 * the rows that are not excluded from that view itself.
 */
import type { EventContract } from "../../contracts/contract.ts"
import { PROCESSED_AT } from "../../contracts/contract.ts"
import { Names, textLiteral } from "../../expr/clickhouse/sql-writer.ts"
import type { ScanNode, ViewPlan } from "../../plan/plan.ts"
import { NO_WINDOW_LEFT } from "../../ports/verdict-ledger.ts"
import { assert } from "../../std/assert.ts"
import { lowerPlan, type Relation, type TraceOptions } from "./lower-plan.ts"

/** Where the rows of history are, as tables of one database. */
export interface HistoryTables {
  /** Rows of an event as readColumns lists them, duplicates left out. */
  readonly event: (event: string) => string
  /** `view, event, partition, offset` of rows that a view could not use. */
  readonly excluded: string
  /** The same of rows that it used in part, and `gone_end`: their windows that end there or before. */
  readonly partly: string
  /** There are such rows of the view. */
  readonly isPartlyUsed: (view: string) => boolean
}

export interface ViewQueryOptions {
  readonly view: string
  /** All of the project, so that a view's views are found. */
  readonly plans: ReadonlyMap<string, ViewPlan>
  readonly contracts: ReadonlyMap<string, EventContract>
  readonly tables: HistoryTables
  /** The end of the newest closed window of each view that emits "final"; null: all are closed. */
  readonly closedUntilUs: ((view: string) => bigint | null) | null
  readonly trace: TraceOptions | null
  /** "used": what the views are made of. "excluded": only the rows that the ledger leaves out. */
  readonly rows: "used" | "excluded"
}

export interface ViewQuery extends Relation {
  /** Texts of the conditions that `dropped` numbers. */
  readonly conditions: readonly string[]
}

/** @throws PlatformError no-clickhouse-spelling */
export function viewQuery(options: ViewQueryOptions): ViewQuery {
  const names = new Names()
  const conditions: string[] = []
  const relationOf = (view: string): Relation => {
    const plan = options.plans.get(view)
    assert(plan !== undefined, `${view} is a view of the project`)
    const scan = (node: ScanNode): Relation =>
      node.source === "view" ? scanned(node, relationOf(node.name), columnsOf(node.name)) : event(node, view)
    const closedUntilUs = options.closedUntilUs?.(view) ?? null
    const scope = { emit: plan.emit, closedUntilUs, latenessUs: BigInt(plan.allowedLatenessMs) * 1_000n }
    return lowerPlan(plan.root, { scope, scan, trace: options.trace, names, conditions })
  }
  const columnsOf = (view: string) => options.plans.get(view)!.columns.map(({ name }) => name)
  const event = (node: ScanNode, view: string) => eventRelation(node, view, options, names)
  return { ...relationOf(options.view), conditions }
}

/** A scan may have had unread columns pruned. */
function scanned(node: ScanNode, relation: Relation, columns: readonly string[]): Relation {
  const wanted = node.columns.map(({ name }) => {
    const column = relation.columns[columns.indexOf(name)]
    assert(column !== undefined, `${name} is a column of ${node.name}`)
    return column
  })
  return { ...relation, columns: wanted }
}

function eventRelation(node: ScanNode, view: string, options: ViewQueryOptions, names: Names): Relation {
  const contract = options.contracts.get(node.name)
  assert(contract !== undefined, `${node.name} is an event of the project`)
  const fields = eventColumnNames(contract)
  const columns = node.columns.map(() => names.fresh())
  const selected = node.columns.map(({ name }, i) => `f${fields.indexOf(name)} AS ${columns[i]}`)
  const { trace: tracing, rows, tables } = options
  const trace = tracing === null ? null : names.fresh()
  const dropped = tracing?.keepDropped === true ? names.fresh() : null
  if (trace !== null) {
    const events = [...options.contracts.keys()]
    selected.push(`[tuple(toUInt16(${events.indexOf(node.name)}), _partition, _offset)] AS ${trace}`)
  }
  if (dropped !== null) selected.push(`toUInt32(0) AS ${dropped}`)
  const left =
    `SELECT partition, offset FROM ${tables.excluded} ` +
    `WHERE view = ${textLiteral(view)} AND event = ${textLiteral(node.name)}`
  const test = `(_partition, _offset) ${rows === "used" ? "NOT IN" : "IN"} (${left})`
  const gone = rows === "used" && tables.isPartlyUsed(view) ? names.fresh() : null
  const from =
    tables.event(node.name) + (gone === null ? "" : partlyUsed(gone, { node, view, tables, names }))
  if (gone !== null) selected.push(gone)
  const isUsed = gone === null ? "" : ` AND ifNull(${gone} < toInt64('${NO_WINDOW_LEFT}'), 1)`
  const list = selected.length === 0 ? "1" : selected.join(", ")
  return { columns, trace, dropped, gone, sql: `SELECT ${list} FROM ${from} WHERE ${test}${isUsed}` }
}

/** Joins to each row the end up to which its windows were gone, as `gone`; NULL where none was. */
function partlyUsed(
  gone: string,
  {
    node,
    view,
    tables,
    names,
  }: Pick<ViewQueryOptions, "tables"> & { node: ScanNode; view: string; names: Names },
): string {
  const [partition, offset] = [names.fresh(), names.fresh()]
  const ends =
    `SELECT partition AS ${partition}, offset AS ${offset}, toNullable(gone_end) AS ${gone} ` +
    `FROM ${tables.partly} WHERE view = ${textLiteral(view)} AND event = ${textLiteral(node.name)}`
  return ` LEFT ANY JOIN (${ends}) AS ${names.fresh()} ON _partition = ${partition} AND _offset = ${offset}`
}

/** Of the read rows' columns f0, f1, … */
export function eventColumnNames(contract: EventContract): readonly string[] {
  return [...contract.fields.map(({ name }) => name), PROCESSED_AT]
}
