/**
 * Feeds the store from a running project: one feed for each event and each view, each at its own pace. What
 * the store has not yet is held in the log; nothing else waits for it.
 */
import { BlockEncoder } from "../../../columns/native/block-encoder.ts"
import { type EventContract, PROCESSED_AT } from "../../../contracts/contract.ts"
import type { Log } from "../../../log/log.ts"
import type { ViewPlan } from "../../../plan/plan.ts"
import type { OffsetRun, OffsetSpan, VerdictLedgerReader } from "../../../ports/verdict-ledger.ts"
import type { Clock, Scheduler } from "../../../std/clock.ts"
import type { ClickHouse } from "../../../stores/clickhouse.ts"
import type { EventTable, HotStore, ViewTable } from "../../../stores/store.ts"
import type { MetricSample } from "../../runtime.ts"
import type { StoreService, StoreStatus } from "../../store-service.ts"
import { duplicateRuns } from "../duplicate-runs.ts"
import type { EmbeddedRuntime } from "../embedded-runtime.ts"
import { historyLoader } from "../history.ts"
import { EventFeed } from "./event-feed.ts"
import { HOLD_LIMIT_MS } from "./feed-limits.ts"
import { StoreHold } from "./store-hold.ts"
import { storeMetrics } from "./store-metrics.ts"
import { ViewFeed } from "./view-feed.ts"

export interface StoreFeedOptions {
  readonly clickhouse: ClickHouse
  readonly store: HotStore
  /** Of the process or server behind it. */
  readonly status: () => Omit<StoreStatus, "tables">
  readonly storeReady: () => Promise<void>
  readonly runtime: EmbeddedRuntime
  readonly log: Log
  readonly ledger: VerdictLedgerReader
  readonly contracts: readonly EventContract[]
  readonly plans: readonly ViewPlan[]
  readonly clock: Clock
  readonly scheduler: Scheduler
  /** What the log lets go is there. */
  readonly hasLake: boolean
  readonly report: (message: string) => void
}

export class StoreFeed implements StoreService, AsyncDisposable {
  readonly clickhouse: ClickHouse
  readonly #options: StoreFeedOptions
  readonly #events: ReadonlyMap<string, EventFeed>
  readonly #views: readonly ViewFeed[]
  readonly #encoder = new BlockEncoder()
  readonly #hold: StoreHold

  /** Begins at once. */
  constructor(options: StoreFeedOptions) {
    const { contracts, plans, runtime } = options
    this.#options = options
    this.clickhouse = options.clickhouse
    this.#hold = new StoreHold({
      ...options,
      publishedEnd: (topic, partition) => runtime.publishedEnd(topic, partition),
      limitMs: options.hasLake ? HOLD_LIMIT_MS : null,
    })
    this.#events = new Map(contracts.map((contract) => [contract.name, this.#eventFeed(contract)]))
    this.#views = plans.map((plan) => this.#viewFeed(plan))
    runtime.onPublished((slices) => {
      for (const slice of slices) this.#events.get(slice.event)?.offer(slice)
    })
    for (const feed of [...this.#events.values(), ...this.#views]) feed.start()
  }

  status(): StoreStatus {
    const feeds = [...this.#events.values(), ...this.#views]
    return { ...this.#options.status(), tables: feeds.map((feed) => feed.status()) }
  }

  metrics(): readonly MetricSample[] {
    return storeMetrics(this.status())
  }

  /** What is collected is written when the store answers; what is not is read again at the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#events.values(), ...this.#views].map((feed) => feed.stop()))
    await this.#hold[Symbol.asyncDispose]()
    await this.#encoder[Symbol.asyncDispose]()
  }

  #eventFeed(contract: EventContract): EventFeed {
    const { runtime, log, store } = this.#options
    const { topic, partitions, name } = contract
    return new EventFeed({
      ...this.#loopParts(`events.${name}`),
      eventTable: eventTableOf(contract),
      topic,
      partitions,
      store,
      load: historyLoader(log, runtime.lanes),
      begin: async (partition) => (await log.range(topic, partition)).begin,
      publishedEnd: (partition) => runtime.publishedEnd(topic, partition),
      duplicates: (span) => this.#duplicates(contract, span),
      onDurable: (ends) => this.#hold.durable(name, ends),
    })
  }

  #viewFeed(plan: ViewPlan): ViewFeed {
    const { runtime, store } = this.#options
    return new ViewFeed({
      ...this.#loopParts(`views.${plan.name}`),
      viewTable: viewTableOf(plan),
      store,
      subscribe: (epoch) => runtime.subscribe(plan.name, epoch),
    })
  }

  #loopParts(table: string) {
    const { clock, scheduler, storeReady, report } = this.#options
    return { table, clock, scheduler, storeReady, report, encoder: this.#encoder }
  }

  async #duplicates(
    { topic, dedupWindowMs }: EventContract,
    span: Omit<OffsetSpan, "topic">,
  ): Promise<readonly OffsetRun[]> {
    if (dedupWindowMs === null) return []
    const { ledger, runtime } = this.#options
    await ledger.whenDurable(runtime.publishedEpoch)
    return duplicateRuns(ledger, { topic, ...span })
  }
}

/** The table of a contract: its fields and processed_at, as views see them. */
export function eventTableOf(contract: EventContract): EventTable {
  const { name, fields, time, store } = contract
  const processedAt = { name: PROCESSED_AT, type: { kind: "timestamp" }, nullable: false } as const
  const columns = fields.map(({ name: field, type, nullable }) => ({ name: field, type, nullable }))
  return { name, columns: [...columns, processedAt], time, retentionMs: store?.retentionMs ?? null }
}

export function viewTableOf({
  name,
  columns,
  key,
  root,
  fingerprint,
  emit,
  allowedLatenessMs,
}: ViewPlan): ViewTable {
  return {
    name,
    columns,
    key,
    isAppendOnly: root.changes === "append",
    fingerprint: `${fingerprint}/${emit}/${allowedLatenessMs}`,
  }
}
