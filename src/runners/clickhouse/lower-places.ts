/**
 * Ranks and window functions in ClickHouse. Rows are ordered as the engine orders them: by the terms, then by
 * all other columns, so that both give a row the same number.
 */

import { spellClickHouse } from "../../expr/clickhouse/spell.ts"
import { floatRank, InlineNames } from "../../expr/clickhouse/sql-writer.ts"
import { noClickHouseSpelling } from "../../expr/errors.ts"
import type { AggregateCall, AggregateName, FrameBound, OverCall } from "../../expr/expression.ts"
import { partitionExpiry } from "../../plan/expiry.ts"
import type { OrderTerm, OverNode, RankNode } from "../../plan/plan.ts"
import { aggregateParts, aggregateResult, argumentSql } from "./aggregates.ts"
import type { LoweringOptions, Relation } from "./lower-plan.ts"

const WHOLE = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
/** Kinds of values that a RANGE frame can be reached over. */
const RANGED: ReadonlySet<string> = new Set(["int32", "int64", "timestamp", "date"])

/** @throws PlatformError no-clickhouse-spelling */
export function lowerRank(node: RankNode, input: Relation, options: LoweringOptions): Relation {
  const { names } = options
  const places = new Places(node, input, options)
  const isNumber = node.function === "row_number"
  const number =
    !isNumber && node.order.length === 0
      ? "1"
      : `${node.function}() ${places.over(isNumber ? "all" : "terms")}`
  const rank = names.fresh()
  const sql = `SELECT *, toInt64(${number}) AS ${rank} FROM (${places.source()})`
  const within = [
    `${rank} > toInt64(${node.offset})`,
    ...(node.limit === null ? [] : [`${rank} <= toInt64(${node.offset + node.limit})`]),
  ]
  const columns = node.ranked ? [...input.columns, rank] : input.columns
  return { ...input, columns, sql: `SELECT * FROM (${sql}) WHERE ${within.join(" AND ")}` }
}

/** @throws PlatformError no-clickhouse-spelling */
export function lowerOver(node: OverNode, input: Relation, options: LoweringOptions): Relation {
  const { names } = options
  const places = new Places(node, input, options)
  const calls = node.calls.map((call) => new CallLowering(call, node, places, input, options))
  const prepared = calls.map((call) => call.prepare())
  const argued = selectMore(places.source(), prepared.flat())
  const parts = calls.map((call) => call.parts())
  const counted = selectMore(argued, parts.flat())
  const results = calls.map((call, i) => ({
    name: names.fresh(),
    sql: call.result(parts[i]!.map(({ name }) => name)),
  }))
  const sql = selectMore(names.over(counted), results)
  return { ...input, columns: [...input.columns, ...results.map(({ name }) => name)], sql }
}

interface Named {
  readonly name: string
  readonly sql: string
}

function selectMore(query: string, added: readonly Named[]): string {
  if (added.length === 0) return query
  return `SELECT *, ${added.map(({ name, sql }) => `${sql} AS ${name}`).join(", ")} FROM (${query})`
}

/** Partition and order of a node, and the rows they are of. */
class Places {
  readonly #node: RankNode | OverNode
  readonly #input: Relation
  readonly #options: LoweringOptions
  /** Columns by what they are ordered as. */
  readonly #ranks: readonly string[]
  readonly #source: string

  constructor(node: RankNode | OverNode, input: Relation, options: LoweringOptions) {
    this.#node = node
    this.#input = input
    this.#options = options
    const { names } = options
    const floats: Named[] = []
    this.#ranks = node.input.columns.map(({ type }, i) => {
      const column = input.columns[i]!
      if (type.kind !== "float64") return column
      const name = names.fresh()
      floats.push({ name, sql: floatRank(names, column) })
      return name
    })
    this.#source = selectMore(names.over(this.#shown()), floats)
  }

  source(): string {
    return this.#source
  }

  rankOf(column: number): string {
    return this.#ranks[column]!
  }

  /** terms: rows that are equal in those that the SQL named are peers. all: no two rows are. */
  over(by: "terms" | "all" | "none", frame = ""): string {
    const { partition, order, input } = this.#node
    const groups = partition.map((column) => this.rankOf(column))
    const peerTerms = this.#node.kind === "over" ? this.#node.peerTerms : order.length
    const rest = input.columns.map((_, column): OrderTerm => {
      return { column, descending: false, nullsFirst: false }
    })
    const terms = by === "none" ? [] : by === "terms" ? order.slice(0, peerTerms) : [...order, ...rest]
    const parts = [
      ...(groups.length === 0 ? [] : [`PARTITION BY ${groups.join(", ")}`]),
      ...(terms.length === 0 ? [] : [`ORDER BY ${terms.map((term) => this.#termSql(term)).join(", ")}`]),
      ...(frame === "" ? [] : [frame]),
    ]
    return `OVER (${parts.join(" ")})`
  }

  #termSql({ column, descending, nullsFirst }: OrderTerm): string {
    return `${this.rankOf(column)} ${descending ? "DESC" : "ASC"} NULLS ${nullsFirst ? "FIRST" : "LAST"}`
  }

  /** Without rows that a condition below has left out, and without those whose window is open. */
  #shown(): string {
    const { dropped, sql, columns } = this.#input
    const { emit, closedUntilUs, latenessUs } = this.#options.scope
    const expiry = partitionExpiry(this.#node, latenessUs)
    const conditions = dropped === null ? [] : [`${dropped} = 0`]
    if (emit === "final" && closedUntilUs !== null && expiry !== null) {
      conditions.push(`${columns[expiry.at]} + toInt64(${expiry.closeUs}) <= toInt64('${closedUntilUs}')`)
    }
    return conditions.length === 0 ? sql : `SELECT * FROM (${sql}) WHERE ${conditions.join(" AND ")}`
  }
}

/** One window function: its arguments as columns, ClickHouse's functions over them, and what they come to. */
class CallLowering {
  readonly #call: OverCall
  readonly #node: OverNode
  readonly #places: Places
  readonly #input: Relation
  readonly #options: LoweringOptions
  #args: readonly Named[] = []

  constructor(call: OverCall, node: OverNode, places: Places, input: Relation, options: LoweringOptions) {
    this.#call = call
    this.#node = node
    this.#places = places
    this.#input = input
    this.#options = options
  }

  prepare(): readonly Named[] {
    const { args, filter } = this.#call
    const { names } = this.#options
    const spell = (each: OverCall["args"][number]) =>
      spellClickHouse(each, (index) => this.#input.columns[index]!, new InlineNames())
    const taken = filter === null ? null : spell(filter)
    const call = asAggregate(this.#call)
    const values =
      call === null
        ? args.map((arg) => `toNullable(${spell(arg)})`)
        : args.map((arg) => argumentSql(new InlineNames(), call, spell(arg)))
    const counted = call !== null && values.length === 0 && taken !== null ? ["toNullable(1)"] : values
    this.#args = counted.map((sql) => ({
      name: names.fresh(),
      sql: taken === null ? sql : `if(ifNull(${taken}, 0), ${sql}, NULL)`,
    }))
    return this.#args
  }

  parts(): readonly Named[] {
    return this.#functions().map((sql) => ({ name: this.#options.names.fresh(), sql }))
  }

  result(parts: readonly string[]): string {
    const call = asAggregate(this.#call)
    const [first = ""] = parts
    if (call !== null) return aggregateResult(this.#options.names, call, parts)
    const { kind } = this.#call.type
    if (kind === "int64" && this.#args.length === 0) return `toInt64(${first})`
    return this.#call.name === "ntile" ? `toInt32(${first})` : first
  }

  #functions(): readonly string[] {
    const call = this.#call
    const aggregate = asAggregate(call)
    if (aggregate !== null) {
      const argument = this.#args[0]?.name ?? ""
      const functions =
        this.#args.length > 0 && call.args.length === 0
          ? [`count(${argument})`]
          : aggregateParts(aggregate, argument)
      return functions.map((each) => `${each} ${this.#framed()}`)
    }
    const places = this.#places
    const peerless = this.#node.peerTerms === 0
    const values = this.#args.map(({ name }) => name)
    switch (call.name) {
      case "row_number":
        return [`row_number() ${places.over("all")}`]
      case "rank":
      case "dense_rank":
        return [peerless ? "1" : `${call.name}() ${places.over("terms")}`]
      case "percent_rank":
        return [peerless ? "0." : `percent_rank() ${places.over("terms")}`]
      case "cume_dist":
        return [peerless ? "1." : `cume_dist() ${places.over("terms")}`]
      case "ntile":
        return [`ntile(${this.#whole(0, 1n)}) ${places.over("all")}`]
      case "lag":
      case "lead":
        return [this.#neighbour(values)]
      case "first_value":
      case "last_value":
        return [`${call.name}_respect_nulls(${values[0]}) ${this.#framed()}`]
      default:
        return [`nth_value(${values[0]}, ${this.#whole(1, 1n)}) ${this.#framed()}`]
    }
  }

  #neighbour(values: readonly string[]): string {
    const offset = this.#whole(1, 1n)
    const isBack = (this.#call.name === "lag") === offset >= 0n
    const distance = offset < 0n ? -offset : offset
    const missing = values[2] ?? "NULL"
    const name = isBack ? "lagInFrame" : "leadInFrame"
    return `${name}(${values[0]}, ${distance}, ${missing}) ${this.#places.over("all", WHOLE)}`
  }

  /** A constant argument. */
  #whole(index: number, missing: bigint): bigint {
    const arg = this.#call.args[index]
    if (arg === undefined) return missing
    if (arg.kind !== "literal" || arg.value === null) {
      throw noClickHouseSpelling(this.#call.name, "a number of rows must be a constant there")
    }
    return BigInt(arg.value as bigint | number)
  }

  #framed(): string {
    const { frame, name } = this.#call
    const picks = name === "first_value" || name === "last_value" || name === "nth_value"
    if (frame === null) return picks ? this.#places.over("all", WHOLE) : this.#places.over("none")
    const { unit, start, end, exclude } = frame
    if (unit === "groups") throw noClickHouseSpelling(name, "frames do not count groups of peers there")
    if (exclude !== undefined) throw noClickHouseSpelling(name, "frames have no EXCLUDE there")
    const text = `BETWEEN ${boundSql(start)} AND ${boundSql(end)}`
    if (unit === "rows") return this.#places.over("all", `ROWS ${text}`)
    if (!picks) return this.#range(start, end, text)
    // Which peer comes first is told by all columns, and RANGE knows the terms only.
    if (
      start.kind === "unbounded-preceding" &&
      (end.kind === "unbounded-following" || name === "first_value")
    ) {
      return this.#places.over("all", `ROWS ${text}`)
    }
    throw noClickHouseSpelling(name, "peers have no order in a RANGE frame there")
  }

  #range(start: FrameBound, end: FrameBound, text: string): string {
    if (start.kind === "offset" || end.kind === "offset") {
      const { type, nullable } = this.#node.input.columns[this.#node.order[0]!.column]!
      if (!RANGED.has(type.kind) || nullable) {
        throw noClickHouseSpelling(
          "a RANGE with a distance",
          "it goes by numbers and times that are not NULL there",
        )
      }
    }
    if ([start, end].some((bound) => bound.kind === "offset" && isFar(bound.offset))) {
      throw noClickHouseSpelling(
        "a RANGE with a distance",
        "it is at most 2^31 units there, 35 minutes of times",
      )
    }
    const isWhole = start.kind === "unbounded-preceding" && end.kind === "unbounded-following"
    if (isWhole || this.#node.peerTerms === 0) return this.#places.over("none")
    return this.#places.over("terms", `RANGE ${text}`)
  }
}

const MAX_DISTANCE = 2_147_483_647
const isFar = (offset: bigint | number): boolean => offset > MAX_DISTANCE || offset < -MAX_DISTANCE

function boundSql(bound: FrameBound): string {
  switch (bound.kind) {
    case "unbounded-preceding":
      return "UNBOUNDED PRECEDING"
    case "unbounded-following":
      return "UNBOUNDED FOLLOWING"
    case "current-row":
      return "CURRENT ROW"
    default: {
      const { offset } = bound
      return offset < 0 ? `${-offset} PRECEDING` : `${offset} FOLLOWING`
    }
  }
}

const AGGREGATES: ReadonlySet<string> = new Set<AggregateName>(["count", "sum", "avg", "min", "max"])

/** The aggregate that a window function is; FILTER is in its argument already. */
function asAggregate({ name, args, type, nullable }: OverCall): AggregateCall | null {
  if (!AGGREGATES.has(name)) return null
  const argument = args[0] ?? null
  return { kind: "aggregate", name: name as AggregateName, argument, distinct: false, type, nullable }
}
