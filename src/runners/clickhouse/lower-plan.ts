/**
 * A bound plan -> one ClickHouse query. Every node is a SELECT over its input's; a subtree that the plan uses
 * twice is written twice. Where rows come from is the caller's to say: an event's rows are a query of
 * history, a view's are that view's own plan.
 *
 * Laws
 * - Values have the types of expr/clickhouse/sql-writer.ts, or their Nullable.
 * - No name occurs twice in a query: ClickHouse sees an alias everywhere, also before it is made.
 * - Floats that compare equal are one group: keys go by their rank, then back.
 */
import { spellClickHouse } from "../../expr/clickhouse/spell.ts"
import { floatOfRank, floatRank, type Names } from "../../expr/clickhouse/sql-writer.ts"
import { noClickHouseSpelling } from "../../expr/errors.ts"
import type { Expression } from "../../expr/expression.ts"
import { printExpression } from "../../plan/expressions/print.ts"
import type {
  AggregateNode,
  Emit,
  FilterNode,
  PlanNode,
  ProjectNode,
  RepeatNode,
  ScanNode,
  SessionNode,
  UnionAllNode,
  WindowNode,
} from "../../plan/plan.ts"
import { assert, assertNever } from "../../std/assert.ts"
import { aggregateParts, aggregateResult, argumentSql, filterIntoArgument } from "./aggregates.ts"
import { noPatterns, noProcesses } from "./errors.ts"
import { lowerJoin } from "./lower-join.ts"
import { lowerOver, lowerRank } from "./lower-places.ts"
import { isOrdered, orderedArgument, orderedParts, orderedResult } from "./ordered-aggregates.ts"
import { windowSql } from "./windows.ts"

/** A query and the names of its columns, in the plan's order. */
export interface Relation {
  readonly sql: string
  readonly columns: readonly string[]
  /** Column with the positions of the events behind each row; null where nobody asks why. */
  readonly trace: string | null
  /** Column with the number of the condition that left the row out, 0: none did. Null: such are not in. */
  readonly dropped: string | null
  /**
   * Column with the end up to which windows over the row were gone when it came, NULL: none was. Null where
   * all rows are in all of their windows, and behind the windows.
   */
  readonly gone: string | null
}

/** What a trace holds of one event row: `tuple(event, partition, offset)`. */
export interface TraceOptions {
  /** Positions kept per row: a group may have millions. */
  readonly limit: number
  /** Rows that a condition leaves out stay, with the condition's number. */
  readonly keepDropped: boolean
}

export interface ViewScope {
  readonly emit: Emit
  /** The end of the newest closed window; null: all windows count as closed. */
  readonly closedUntilUs: bigint | null
  readonly latenessUs: bigint
}

export interface LoweringOptions {
  readonly scope: ViewScope
  readonly scan: (scan: ScanNode, names: Names) => Relation
  readonly trace: TraceOptions | null
  readonly names: Names
  /** Texts of conditions by number; number 1 is the first. */
  readonly conditions: string[]
}

/** Settings that the queries rely on. */
export const QUERY_SETTINGS: Readonly<Record<string, string | number>> = { precise_float_parsing: 1 }

/** @throws PlatformError no-clickhouse-spelling, no-clickhouse-pattern */
export function lowerPlan(root: PlanNode, options: LoweringOptions): Relation {
  return new PlanLowering(options).relation(root)
}

class PlanLowering {
  readonly #options: LoweringOptions
  readonly #names: Names

  constructor(options: LoweringOptions) {
    this.#options = options
    this.#names = options.names
  }

  relation(node: PlanNode): Relation {
    switch (node.kind) {
      case "scan":
        return this.#options.scan(node, this.#names)
      case "filter":
        return this.#filter(node)
      case "project":
        return this.#project(node)
      case "window":
        return this.#window(node)
      case "session":
        return this.#session(node)
      case "aggregate":
        return this.#closed(node, this.#aggregate(node))
      case "union-all":
        return this.#union(node)
      case "join":
        return lowerJoin(
          node,
          { left: this.relation(node.left), right: this.relation(node.right) },
          this.#options,
        )
      case "rank":
        return lowerRank(node, this.#whole(node.input), this.#options)
      case "over":
        return lowerOver(node, this.#whole(node.input), this.#options)
      case "repeat":
        return this.#repeat(node)
      case "pattern":
        throw noPatterns()
      case "process":
        throw noProcesses()
      default:
        return assertNever(node)
    }
  }

  /** Of a node whose rows come without their windows' ends. */
  #whole(node: PlanNode): Relation {
    return { ...this.relation(node), gone: null }
  }

  #spell(expression: Expression, input: Relation): string {
    return spellClickHouse(expression, (index) => columnAt(input, index), this.#names)
  }

  #filter(node: FilterNode): Relation {
    const input = this.relation(node.input)
    return this.#where(input, this.#spell(node.predicate, input), printExpression(node.predicate))
  }

  #where(input: Relation, condition: string, text: string): Relation {
    if (input.dropped === null) {
      return {
        ...input,
        sql: `SELECT ${list(input)} FROM (${this.#names.over(input.sql)}) WHERE ${condition}`,
      }
    }
    const number = this.#options.conditions.push(text)
    const dropped = this.#names.fresh()
    const others = [...input.columns, ...present(input.trace), ...present(input.gone)].join(", ")
    const test = `multiIf(${input.dropped} != 0, ${input.dropped}, ifNull(${condition}, 0), 0, ${number})`
    return {
      ...input,
      dropped,
      sql: `SELECT ${others}, toUInt32(${test}) AS ${dropped} FROM (${this.#names.over(input.sql)})`,
    }
  }

  #project(node: ProjectNode): Relation {
    const input = this.relation(node.input)
    const expressions = node.expressions.map((expression) => this.#spell(expression, input))
    return this.#select(input, expressions)
  }

  /** New columns over the input's; what is carried along stays. */
  #select(input: Relation, expressions: readonly string[], tail = ""): Relation {
    const columns = expressions.map(() => this.#names.fresh())
    const selected = expressions.map((sql, i) => `${sql} AS ${columns[i]}`)
    const all = [...selected, ...carried(input)]
    const list = all.length === 0 ? "1" : all.join(", ")
    const sql = `SELECT ${list} FROM (${this.#names.over(input.sql)})${tail}`
    return { ...input, columns, sql }
  }

  #window(node: WindowNode): Relation {
    const input = this.relation(node.input)
    const { timeColumn } = node.window
    const { start, end } = windowSql(node.window)
    const time = (of: Relation) => `assumeNotNull(${columnAt(of, timeColumn)})`
    const where = ` WHERE isNotNull(${columnAt(input, timeColumn)})`
    const started = this.#select(input, [...input.columns, start(time(input))], where)
    const windows = this.#select(started, [...started.columns, end(time(started), started.columns.at(-1)!)])
    if (windows.gone === null) return windows
    const isThere = `isNull(${windows.gone}) OR ${windows.columns.at(-1)} > ${windows.gone}`
    const left = { ...windows, gone: null }
    return { ...left, sql: `SELECT ${list(left)} FROM (${this.#names.over(windows.sql)}) WHERE ${isThere}` }
  }

  /** Rows in the order of their times begin a session where the gap before them is too long. */
  #session(node: SessionNode): Relation {
    const input = this.relation(node.input)
    const { timeColumn, gapUs, keys } = node.session
    const gap = `toInt64(${gapUs})`
    const ranked = keys.map((key) => {
      const column = columnAt(input, key)
      return node.input.columns[key]!.type.kind === "float64" ? floatRank(this.#names, column) : column
    })
    const timed = `assumeNotNull(${columnAt(input, timeColumn)})`
    const where = ` WHERE isNotNull(${columnAt(input, timeColumn)})`
    const width = input.columns.length
    const keyed = this.#select(input, [...input.columns, ...ranked, timed], where)
    const own = (of: Relation) => of.columns.slice(0, width)
    const parts = (of: Relation, from: number) => [
      ...of.columns.slice(from, from + keys.length),
      ...present(of.dropped),
    ]
    const over = (by: readonly string[], rest: string) =>
      `OVER (${by.length === 0 ? "" : `PARTITION BY ${by.join(", ")} `}${rest})`
    const time = keyed.columns.at(-1)!
    const ordered = `ORDER BY ${time} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`
    const within = over(parts(keyed, width), ordered)
    const begins = `toUInt8(row_number() ${within} = 1 OR ${time} - lagInFrame(${time}) ${within} > ${gap})`
    const begun = this.#select(keyed, [...keyed.columns, begins])
    const begunTime = begun.columns[width + keys.length]!
    const orderedAgain = `ORDER BY ${begunTime} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`
    const number = `sum(${begun.columns.at(-1)}) ${over(parts(begun, width), orderedAgain)}`
    const numbered = this.#select(begun, [...begun.columns, number])
    const session = over([...parts(numbered, width), numbered.columns.at(-1)!], "")
    const last = numbered.columns[width + keys.length]!
    return this.#select(numbered, [
      ...own(numbered),
      `toInt64(min(${last}) ${session})`,
      `toInt64(max(${last}) ${session} + ${gap})`,
    ])
  }

  #repeat(node: RepeatNode): Relation {
    const input = this.relation(node.input)
    const times = `toUInt64(greatest(ifNull(${this.#spell(node.times, input)}, 0), 0))`
    const repeated = this.#select(input, [...input.columns, `arrayJoin(range(${times}))`])
    return { ...repeated, columns: repeated.columns.slice(0, -1) }
  }

  #aggregate(node: AggregateNode): Relation {
    const input = this.relation(node.input)
    const calls = node.aggregates.map((call) => (isOrdered(call) ? call : filterIntoArgument(call)))
    const keyed = this.#select(input, [
      ...node.keys.map((key) => {
        const sql = this.#spell(key, input)
        return key.type.kind === "float64" ? floatRank(this.#names, sql) : sql
      }),
      ...calls.map((call) => {
        if (isOrdered(call)) return orderedArgument(this.#names, call, (part) => this.#spell(part, input))
        return call.argument === null
          ? "0"
          : argumentSql(this.#names, call, this.#spell(call.argument, input))
      }),
    ])
    const keys = keyed.columns.slice(0, node.keys.length)
    const parts = calls.map((call, i) => {
      const column = columnAt(keyed, keys.length + i)
      return isOrdered(call) ? orderedParts(call, column) : aggregateParts(call, column)
    })
    const grouped = this.#grouped(keyed, keys, [...keys, ...parts.flat()])
    let next = keys.length
    const take = (count: number) => {
      next += count
      return grouped.columns.slice(next - count, next)
    }
    return this.#select(grouped, [
      ...node.keys.map(({ type }, k) => {
        const key = columnAt(grouped, k)
        return type.kind === "float64" ? floatOfRank(this.#names, key) : key
      }),
      ...calls.map((call, i) => {
        const own = take(parts[i]!.length)
        return isOrdered(call)
          ? orderedResult(this.#names, call, own[0]!)
          : aggregateResult(this.#names, call, own)
      }),
    ])
  }

  #grouped(input: Relation, keys: readonly string[], outputs: readonly string[]): Relation {
    const columns = outputs.map(() => this.#names.fresh())
    const selected = outputs.map((sql, i) => `${sql} AS ${columns[i]}`)
    const groups = [...keys, ...present(input.dropped)]
    const trace = input.trace === null ? null : this.#names.fresh()
    if (trace !== null) {
      const { limit } = this.#options.trace!
      selected.push(`arraySlice(groupUniqArrayArray(${limit})(${input.trace}), 1, ${limit}) AS ${trace}`)
    }
    const all = [...selected, ...present(input.dropped)]
    const tail = groups.length === 0 ? "" : ` GROUP BY ${groups.join(", ")}`
    return {
      ...input,
      columns,
      trace,
      gone: null,
      sql: `SELECT ${all.join(", ")} FROM (${input.sql})${tail}`,
    }
  }

  /** Of a view that emits "final", groups of windows that are still open are not there yet. */
  #closed(node: AggregateNode, relation: Relation): Relation {
    const { emit, closedUntilUs } = this.#options.scope
    if (emit !== "final" || node.windowKeys === null || closedUntilUs === null) return relation
    const { start, end } = node.windowKeys
    const varying = node.input.windowColumns?.varying ?? null
    if (end === null && varying !== null) {
      throw noClickHouseSpelling('emit "final" without window_end', "the start does not tell when it closes")
    }
    const size = node.windowColumns?.sizeUs ?? 0n
    const ends = end !== null ? columnAt(relation, end) : `${columnAt(relation, start!)} + toInt64(${size})`
    const condition = `${ends} <= toInt64('${closedUntilUs - node.delayUs}')`
    return this.#where(relation, condition, "the window is closed")
  }

  #union(node: UnionAllNode): Relation {
    const inputs = node.inputs.map((input) => this.relation(input))
    const first = inputs[0]!
    const columns = first.columns.map(() => this.#names.fresh())
    const trace = first.trace === null ? null : this.#names.fresh()
    const dropped = first.dropped === null ? null : this.#names.fresh()
    const gone = inputs.every((input) => input.gone === null) ? null : this.#names.fresh()
    const names = [...columns, ...present(trace), ...present(dropped), ...present(gone)]
    const parts = inputs.map((input) => {
      const ends = gone === null ? [] : [input.gone ?? "CAST(NULL, 'Nullable(Int64)')"]
      const own = [...input.columns, ...present(input.trace), ...present(input.dropped), ...ends]
      const list = own.map((column, i) => `${nullable(column, i < columns.length)} AS ${names[i]}`)
      return `SELECT ${list.join(", ")} FROM (${input.sql})`
    })
    return { columns, trace, dropped, gone, sql: parts.join(" UNION ALL ") }
  }
}

/** Branches agree in their types only when all are Nullable. */
const nullable = (column: string, isValue: boolean) => (isValue ? `toNullable(${column})` : column)

const present = (name: string | null): readonly string[] => (name === null ? [] : [name])

/** Columns beside a relation's own. */
const carried = ({ trace, dropped, gone }: Relation) => [trace, dropped, gone].flatMap(present)

function list(relation: Relation): string {
  const all = [...relation.columns, ...carried(relation)]
  return all.length === 0 ? "1" : all.join(", ")
}

function columnAt(relation: Relation, index: number): string {
  const column = relation.columns[index]
  assert(column !== undefined, `a relation has column ${index}`)
  return column
}
