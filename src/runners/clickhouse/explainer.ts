/**
 * Why does a view's row say what it says? The view's plan runs over history with the positions of events
 * carried along, so that a row comes out with the events behind it; conditions let rows pass and note that
 * they did not hold, so that events which a WHERE or HAVING left out come out too; and the events that the
 * ledger excludes run alone, which finds those that would belong to the row.
 */
import type { Scalar } from "../../columns/types.ts"
import { floatRank, Names, textLiteral, typedLiteral } from "../../expr/clickhouse/sql-writer.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import { behindView, columnsBehindView } from "../../plan/reach.ts"
import { queryRows } from "../../stores/clickhouse.ts"
import type { ViewCut } from "./cut.ts"
import { type LoadedHistory, loadHistory } from "./load-history.ts"
import { QUERY_SETTINGS } from "./lower-plan.ts"
import { ScratchDatabases } from "./scratch-database.ts"
import type { VerifierParts } from "./verifier.ts"
import { type ViewQuery, viewQuery } from "./view-query.ts"

/** Equality of one column with a value, of the column's type. */
export interface KeyTerm {
  readonly column: number
  readonly value: Scalar
}

export interface EventPlace {
  readonly event: string
  readonly partition: number
  readonly offset: number
}

export interface ExplainedEvent extends EventPlace {
  readonly appendedMs: number
  readonly value: Uint8Array
}

export interface LeftOutEvent extends ExplainedEvent {
  readonly verdict: "filtered" | "late" | "failed" | "duplicate"
  /** The condition that was not true, or the ledger's reason. */
  readonly reason: string
}

export interface Explanation {
  readonly view: string
  readonly epoch: number
  /** Null when the view has no such row. */
  readonly row: readonly Scalar[] | null
  readonly events: readonly ExplainedEvent[]
  readonly moreEvents: boolean
  readonly leftOut: readonly LeftOutEvent[]
  readonly moreLeftOut: boolean
}

export interface WhyRequest {
  readonly view: string
  readonly key: readonly KeyTerm[]
  readonly limit: number
}

const DATABASE = "_why"
const LIMITS = { max_memory_usage: 1024 ** 3, max_execution_time: 120 }

export class Explainer {
  readonly #parts: VerifierParts
  readonly #plans: ReadonlyMap<string, ViewPlan>
  readonly #databases: ScratchDatabases
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: VerifierParts) {
    this.#parts = parts
    this.#databases = new ScratchDatabases(parts.clickhouse, DATABASE)
    this.#plans = new Map(parts.plans.map((plan) => [plan.name, plan]))
  }

  /** One at a time. @throws PlatformError unknown-view, no-clickhouse-spelling, history-gone */
  why(request: WhyRequest): Promise<Explanation> {
    const run = this.#last.then(() => this.#why(request))
    this.#last = run.catch(() => {})
    return run
  }

  async #why(request: WhyRequest): Promise<Explanation> {
    const { source, ledger } = this.#parts
    using cut = source.cut(request.view)
    if (ledger !== null && cut.epoch > 0) await ledger.whenDurable(cut.epoch)
    return await this.#databases.use((database) => this.#explain(request, cut, database))
  }

  async #explain(request: WhyRequest, cut: ViewCut, database: string): Promise<Explanation> {
    const { clickhouse, history, ledger, contracts } = this.#parts
    const reach = behindView(request.view, this.#plans)
    const loaded = await loadHistory({
      ...{ clickhouse, history, ledger, cut, database },
      contracts: contracts.filter(({ name }) => reach.events.includes(name)),
      columns: columnsBehindView(request.view, this.#plans),
      views: reach.views,
      limits: LIMITS,
      withDuplicates: true,
      pause: async () => {},
      progress: () => {},
    })
    const used = await this.#traces(request, cut, loaded, "used")
    const excluded = await this.#traces(request, cut, loaded, "excluded")
    const { limit } = request
    const behind = used.filter(({ dropped }) => dropped === null).flatMap(({ places }) => places)
    const filtered = used.flatMap(({ dropped, places }) =>
      dropped === null
        ? []
        : places.map((place) => ({ place, verdict: "filtered" as const, reason: dropped })),
    )
    const ruled = await this.#rulings(
      loaded,
      reach.views,
      excluded.flatMap(({ places }) => places),
    )
    const leftOut = [...ruled, ...filtered]
    return {
      view: request.view,
      epoch: cut.epoch,
      row: cut.find(request.key),
      events: await this.#events(sorted(behind).slice(0, limit)),
      moreEvents: behind.length > limit,
      leftOut: await this.#leftOut(leftOut.slice(0, limit)),
      moreLeftOut: leftOut.length > limit,
    }
  }

  async #traces(
    { view, key, limit }: WhyRequest,
    cut: ViewCut,
    loaded: LoadedHistory,
    rows: "used" | "excluded",
  ): Promise<readonly Trace[]> {
    const query = viewQuery({
      view,
      plans: this.#plans,
      contracts: new Map(this.#parts.contracts.map((contract) => [contract.name, contract])),
      tables: loaded.tables,
      closedUntilUs: rows === "excluded" ? null : (name) => cut.watermarkUs(name) ?? -(2n ** 62n),
      trace: { limit: limit + 1, keepDropped: true },
      rows,
    })
    const plan = this.#plans.get(view)!
    const names = new Names()
    const tests = key.map((term) => testSql(plan, query, term, names))
    const places = `groupUniqArrayArray(${limit + 1})(${query.trace})`
    const sql =
      `SELECT toString(${query.dropped}) AS dropped, ${places} AS places FROM (${names.over(query.sql)}) ` +
      `WHERE ${["1", ...tests].join(" AND ")} GROUP BY ${query.dropped}`
    const answer = await queryRows<{ dropped: string; places: TraceTuple[] }>(this.#parts.clickhouse, sql, {
      settings: { ...QUERY_SETTINGS, ...LIMITS, output_format_json_named_tuples_as_objects: 0 },
    })
    return answer.map(({ dropped, places }) => ({
      dropped: dropped === "0" ? null : query.conditions[Number(dropped) - 1]!,
      places: places.map(([event, partition, offset]) => {
        const { name } = this.#parts.contracts[Number(event)]!
        return { event: name, partition: Number(partition), offset: Number(offset) }
      }),
    }))
  }

  /** What the ledger says of excluded rows. */
  async #rulings(
    { tables }: LoadedHistory,
    views: readonly string[],
    places: readonly EventPlace[],
  ): Promise<readonly LeftOut[]> {
    const found: LeftOut[] = []
    for (const place of sorted(places)) {
      const [row] = await queryRows<{ verdict: LeftOut["verdict"]; reason: string }>(
        this.#parts.clickhouse,
        `SELECT verdict, reason FROM ${tables.excluded} ` +
          `WHERE view IN (${views.map(textLiteral).join(", ")}) ` +
          `AND event = ${textLiteral(place.event)} AND partition = ${place.partition} ` +
          `AND offset = ${place.offset} LIMIT 1`,
      )
      if (row !== undefined) found.push({ place, ...row })
    }
    return found
  }

  async #leftOut(rows: readonly LeftOut[]): Promise<readonly LeftOutEvent[]> {
    const events = await this.#events(rows.map(({ place }) => place))
    return events.map((event, i) => ({ ...event, verdict: rows[i]!.verdict, reason: rows[i]!.reason }))
  }

  async #events(places: readonly EventPlace[]): Promise<readonly ExplainedEvent[]> {
    const events: ExplainedEvent[] = []
    for (const place of places) {
      const { topic } = this.#parts.contracts.find(({ name }) => name === place.event)!
      const span = { topic, partition: place.partition, from: place.offset, until: place.offset + 1 }
      for await (const [row] of this.#parts.history.rows(span)) {
        if (row !== undefined) events.push({ ...place, appendedMs: row.appendedMs, value: row.value })
      }
    }
    return events
  }
}

interface Trace {
  /** Null: the rows are in the view. */
  readonly dropped: string | null
  readonly places: readonly EventPlace[]
}

type TraceTuple = readonly [event: number | string, partition: number, offset: string]

interface LeftOut {
  readonly place: EventPlace
  readonly verdict: LeftOutEvent["verdict"]
  readonly reason: string
}

function testSql(plan: ViewPlan, query: ViewQuery, { column, value }: KeyTerm, names: Names): string {
  const { type } = plan.columns[column]!
  const name = query.columns[column]!
  if (value === null) return `isNull(${name})`
  const literal = typedLiteral(value, type)
  return type.kind === "float64"
    ? `${floatRank(names, name)} = ${floatRank(names, literal)}`
    : `${name} = ${literal}`
}

function sorted(places: readonly EventPlace[]): readonly EventPlace[] {
  return places.toSorted(
    (a, b) => a.event.localeCompare(b.event) || a.partition - b.partition || a.offset - b.offset,
  )
}
