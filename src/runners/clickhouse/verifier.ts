/**
 * Does a live view equal its query over history? History up to one epoch is read by ClickHouse from the bytes
 * that producers sent, the lowered query runs over it, and the rows are compared with a snapshot of the view
 * at that epoch. Decoder and engine take no part in what they are compared with.
 *
 * Laws
 * - One check runs at a time, in a database of its own that goes afterwards.
 * - Nothing compared is never called equal: a view that should have rows and has none fails.
 */

import type { Batch } from "../../columns/batch.ts"
import { readRow } from "../../columns/scalar.ts"
import type { EventContract } from "../../contracts/contract.ts"
import { clickhouseType } from "../../expr/clickhouse/sql-writer.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import { behindView, columnsBehindView } from "../../plan/reach.ts"
import type { VerdictLedgerReader } from "../../ports/verdict-ledger.ts"
import type { Clock } from "../../std/clock.ts"
import { PlatformError } from "../../std/errors.ts"
import type { ClickHouse } from "../../stores/clickhouse.ts"
import { queryRows } from "../../stores/clickhouse.ts"
import type { MetricSample } from "../runtime.ts"
import type { CutSource, ViewCut } from "./cut.ts"
import { countDifferences, differingGroups } from "./diff-query.ts"
import { ledgerOfAnotherHistory } from "./errors.ts"
import { type DifferenceExample, readExamples } from "./examples.ts"
import type { History } from "./history.ts"
import { type LoadedHistory, loadHistory } from "./load-history.ts"
import { QUERY_SETTINGS } from "./lower-plan.ts"
import { nativeBlock, nullableColumn } from "./native-block.ts"
import { ScratchDatabases } from "./scratch-database.ts"
import { type CheckOutcome, verificationMetrics } from "./verification-metrics.ts"
import { viewQuery } from "./view-query.ts"

export type VerifyVerdict = "equal" | "different" | "nothing-compared" | "empty" | "cannot"

export interface VerifyResult {
  readonly view: string
  readonly verdict: VerifyVerdict
  /** Why a view cannot be compared, or what is to be known about the answer; null when nothing is. */
  readonly reason: string | null
  readonly epoch: number
  readonly atMs: number
  readonly durationMs: number
  /** Rows of the live view. */
  readonly rowsCompared: number
  readonly eventsRead: number
  readonly differences: {
    readonly missing: number
    readonly extra: number
    readonly different: number
  }
  readonly examples: readonly DifferenceExample[]
}

export interface VerifierParts {
  readonly clickhouse: ClickHouse
  readonly source: CutSource
  readonly history: History
  /** Null: nothing is left out of views. */
  readonly ledger: VerdictLedgerReader | null
  readonly contracts: readonly EventContract[]
  readonly plans: readonly ViewPlan[]
  readonly clock: Clock
}

export interface VerifyOptions {
  /** Memory that one statement may take in ClickHouse. @default 1 GiB */
  readonly memoryBytes?: number
  /** Seconds that one statement may take. @default 120 */
  readonly statementSeconds?: number
  /** @default as many as ClickHouse takes */
  readonly threads?: number
  /** Called between pieces of work: may wait, or throw to stop. */
  readonly pause?: () => Promise<void>
  /** Aborting stops the statement that runs. */
  readonly signal?: AbortSignal
  readonly progress?: (progress: VerifyProgress) => void
}

export interface VerifyProgress {
  readonly eventsRead: number
  /** Of history, 0 to 1: what was read. */
  readonly share: number
}

const DATABASE = "_verify"
const MEMORY_BYTES = 1024 ** 3
const STATEMENT_SECONDS = 120
const NO_DIFFERENCES = { missing: 0, extra: 0, different: 0 }
const NO_LIMITS: VerifyOptions = {}

export class Verifier {
  readonly #parts: VerifierParts
  readonly #plans: ReadonlyMap<string, ViewPlan>
  readonly #contracts: ReadonlyMap<string, EventContract>
  readonly #results = new Map<string, VerifyResult>()
  readonly #outcomes = new Map<CheckOutcome, number>()
  readonly #databases: ScratchDatabases
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: VerifierParts) {
    this.#parts = parts
    this.#databases = new ScratchDatabases(parts.clickhouse, DATABASE)
    this.#plans = new Map(parts.plans.map((plan) => [plan.name, plan]))
    this.#contracts = new Map(parts.contracts.map((contract) => [contract.name, contract]))
  }

  /** The newest result of a view; null when it was not checked since the start. */
  lastResult(view: string): VerifyResult | null {
    return this.#results.get(view) ?? null
  }

  /**
   * Waits for the check that runs. @throws PlatformError unknown-view, store-unavailable, and what a
   * statement can throw; nothing is remembered then.
   */
  verify(view: string, options: VerifyOptions = NO_LIMITS): Promise<VerifyResult> {
    const run = this.#last.then(() => this.#counted(view, options))
    this.#last = run.catch(() => {})
    return run
  }

  metrics(): readonly MetricSample[] {
    return verificationMetrics(this.#outcomes, this.#results.values())
  }

  async #counted(view: string, options: VerifyOptions): Promise<VerifyResult> {
    const count = (outcome: CheckOutcome) =>
      this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1)
    try {
      const result = await this.#verify(view, options)
      count(result.verdict)
      return result
    } catch (error) {
      // A check that was stopped on purpose found nothing and failed at nothing.
      if (options.signal?.aborted !== true) count("failed")
      throw error
    }
  }

  async #verify(view: string, options: VerifyOptions): Promise<VerifyResult> {
    using cut = this.#parts.source.cut(view)
    const startedMs = this.#parts.clock.nowMs()
    const outcome = await this.#outcome(view, cut, options)
    const result: VerifyResult = {
      view,
      epoch: cut.epoch,
      atMs: startedMs,
      durationMs: this.#parts.clock.nowMs() - startedMs,
      rowsCompared: 0,
      eventsRead: 0,
      differences: NO_DIFFERENCES,
      examples: [],
      ...outcome,
    }
    this.#results.set(view, result)
    return result
  }

  async #outcome(view: string, cut: ViewCut, options: VerifyOptions): Promise<Outcome> {
    const reach = behindView(view, this.#plans)
    const lost = lossesOf(reach.views, cut)
    if (lost !== null) return { verdict: "cannot", reason: lost }
    try {
      await this.#ledgerHas(view, cut)
      return await this.#databases.use((database) =>
        this.#compare({ view, cut, options, database, ...reach }),
      )
    } catch (error) {
      // These say of the view that it cannot be checked; any other failure is the caller's.
      if (error instanceof PlatformError && CANNOT.has(error.code)) {
        return { verdict: "cannot", reason: error.message }
      }
      throw error
    }
  }

  async #ledgerHas(view: string, cut: ViewCut): Promise<void> {
    const { ledger } = this.#parts
    if (ledger === null || cut.epoch === 0) return
    await ledger.whenDurable(cut.epoch)
    if (ledger.history !== cut.history) throw ledgerOfAnotherHistory(view)
  }

  async #compare(work: Work): Promise<Outcome> {
    const { view, cut, options, database } = work
    const { clickhouse, history, ledger } = this.#parts
    const limits = limitsOf(options)
    const plan = this.#plans.get(view)!
    const contracts = work.events.map((event) => this.#contracts.get(event)!)
    // Before anything is read: a view without a spelling is told so at once.
    const unread = { excluded: "excluded", partly: "partly", isPartlyUsed: () => false }
    this.#query(view, cut, { event: (event) => event, ...unread })
    const pause = options.pause ?? (async () => {})
    const loading = {
      clickhouse,
      history,
      ledger,
      cut,
      contracts,
      columns: columnsBehindView(view, this.#plans),
      views: work.views,
      database,
      limits,
      pause,
      progress: options.progress ?? (() => {}),
      withDuplicates: false,
    }
    const loaded = await loadHistory(loading)
    await pause()
    const tables = { live: `${database}.live`, batch: `${database}.batch` }
    await this.#makeTables(plan, tables)
    await this.#loadLive(plan, cut, tables.live)
    const query = this.#query(view, cut, loaded.tables)
    const list = query.columns.map((column, i) => `${column} AS c${i}`)
    const settings = { ...QUERY_SETTINGS, ...limits }
    const rows = `SELECT ${list.join(", ")} FROM (${query.sql})`
    const names = plan.columns.map((_, i) => `c${i}`).join(", ")
    const stopping = options.signal === undefined ? {} : { signal: options.signal }
    await clickhouse.command(`INSERT INTO ${tables.batch} (${names}) ${rows}`, { settings, ...stopping })
    await pause()
    return this.#judge(work, plan, tables, loaded, limits)
  }

  #query(view: string, cut: ViewCut, tables: LoadedHistory["tables"]) {
    return viewQuery({
      view,
      plans: this.#plans,
      contracts: this.#contracts,
      tables,
      closedUntilUs: (name) => cut.watermarkUs(name) ?? NOTHING_CLOSED,
      trace: null,
      rows: "used",
    })
  }

  async #makeTables(plan: ViewPlan, tables: { live: string; batch: string }): Promise<void> {
    const columns = plan.columns.map(({ type }, i) => `c${i} Nullable(${clickhouseType(type)})`)
    for (const table of [tables.live, tables.batch]) {
      await this.#parts.clickhouse.command(
        `CREATE TABLE ${table} (${columns.join(", ")}) ENGINE = MergeTree ORDER BY tuple()`,
      )
    }
  }

  async #loadLive(plan: ViewPlan, cut: ViewCut, table: string): Promise<void> {
    const columns = plan.columns.map((_, i) => `c${i}`)
    for (const batch of cut.batches()) {
      if (batch.length === 0) continue
      const body = [blockOf(plan, batch)]
      await this.#parts.clickhouse.insert({ table, columns, format: "Native", body })
    }
  }

  async #judge(
    work: Work,
    plan: ViewPlan,
    tables: { live: string; batch: string },
    loaded: LoadedHistory,
    limits: Readonly<Record<string, string | number>>,
  ): Promise<Outcome> {
    const { clickhouse } = this.#parts
    const { cut } = work
    const groups = differingGroups(plan.columns, plan.key, tables)
    const settings = { ...QUERY_SETTINGS, ...limits }
    const [counts] = await queryRows<Record<"missing" | "extra" | "different", string>>(
      clickhouse,
      countDifferences(groups, plan.columns, plan.key),
      { settings },
    )
    const differences = {
      missing: Number(counts?.missing ?? 0),
      extra: Number(counts?.extra ?? 0),
      different: Number(counts?.different ?? 0),
    }
    const [size] = await queryRows<{ n: string }>(clickhouse, `SELECT count() AS n FROM ${tables.batch}`)
    const common = { rowsCompared: cut.rowCount, eventsRead: loaded.eventsRead, differences }
    if (differences.missing + differences.extra + differences.different > 0) {
      const examples = await readExamples({ clickhouse, plan, groups, settings })
      return { ...common, examples, verdict: "different", reason: null }
    }
    if (cut.rowCount === 0 && Number(size?.n ?? 0) === 0) {
      const empty = loaded.eventsRead === 0
      const reason = empty ? "there are no events yet" : "neither the view nor its query has a row"
      return { ...common, verdict: empty ? "empty" : "nothing-compared", reason }
    }
    return { ...common, verdict: "equal", reason: null }
  }
}

type Outcome = Pick<VerifyResult, "verdict" | "reason"> & Partial<VerifyResult>

interface Work {
  readonly view: string
  readonly cut: ViewCut
  readonly options: VerifyOptions
  readonly database: string
  readonly views: readonly string[]
  readonly events: readonly string[]
}

/** Codes that are a fact of the view and not of this attempt. */
const CANNOT: ReadonlySet<string> = new Set([
  "no-clickhouse-spelling",
  "no-clickhouse-pattern",
  "no-clickhouse-process",
  "history-gone",
])

/** Before the first watermark no window is closed. */
const NOTHING_CLOSED = -(2n ** 63n) + 1n

function lossesOf(views: readonly string[], cut: ViewCut): string | null {
  for (const view of views) {
    const { overflowedResults, failedChanges, lateChanges } = cut.losses(view)
    const lost = [
      overflowedResults > 0 ? `${overflowedResults} results did not fit their column` : [],
      failedChanges > 0 ? `${failedChanges} changes of the views below could not be evaluated` : [],
      lateChanges > 0 ? `${lateChanges} changes of the views below came too late` : [],
    ].flat()
    if (lost.length > 0) return `view ${view} has left out what no event says: ${lost.join(", ")}`
  }
  return null
}

function limitsOf({ memoryBytes, statementSeconds, threads }: VerifyOptions) {
  return {
    max_memory_usage: memoryBytes ?? MEMORY_BYTES,
    max_execution_time: statementSeconds ?? STATEMENT_SECONDS,
    ...(threads === undefined ? {} : { max_threads: threads }),
    max_bytes_before_external_group_by: Math.floor((memoryBytes ?? MEMORY_BYTES) / 2),
  }
}

function blockOf(plan: ViewPlan, batch: Batch): Uint8Array {
  const rows = Array.from({ length: batch.length }, (_, row) => readRow(batch, row))
  const columns = plan.columns.map(({ type }, i) =>
    nullableColumn(
      `c${i}`,
      type,
      rows.map((row) => row[i]!),
    ),
  )
  return nativeBlock(columns, batch.length)
}
