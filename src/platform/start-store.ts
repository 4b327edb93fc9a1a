/**
 * The store of a running platform: the embedded host, started aside, or a server, and the feeds into it. The
 * platform answers before the store does, and goes on without it.
 */
import { existsSync } from "node:fs"
import { tmpdir } from "node:os"
import type { EventContract } from "../contracts/contract.ts"
import type { Log } from "../log/log.ts"
import type { ViewPlan } from "../plan/plan.ts"
import type { VerdictLedgerReader } from "../ports/verdict-ledger.ts"
import type { EmbeddedRuntime } from "../runners/embedded/embedded-runtime.ts"
import { StoreFeed } from "../runners/embedded/store-feed/store-feed.ts"
import { releaseStoreHolds } from "../runners/embedded/store-feed/store-hold.ts"
import type { StoreService } from "../runners/store-service.ts"
import type { Clock, Scheduler } from "../std/clock.ts"
import { NodeProcesses } from "../std/node/child-process.ts"
import { HttpTransport } from "../std/node/http-transport.ts"
import { NodeRandom } from "../std/node/random.ts"
import { ClickHouseStore } from "../stores/hot/clickhouse-store.ts"
import { openEmbeddedClickHouse } from "../stores/hot/open-embedded-clickhouse.ts"
import { ServerClickHouse } from "../stores/hot/server-clickhouse.ts"
import type { ProjectConfig, StoreConfig } from "./config.ts"
import { dropUndeclared } from "./drop-undeclared.ts"

export interface StartStoreOptions {
  readonly config: Pick<ProjectConfig, "store" | "lake">
  readonly contracts: readonly EventContract[]
  readonly directory: string
  readonly log: Log
  readonly runtime: EmbeddedRuntime
  readonly ledger: VerdictLedgerReader
  readonly plans: readonly ViewPlan[]
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly report: (message: string) => void
}

/** Files of this folder are memory, on Linux. */
const MEMORY_DIRECTORY = "/dev/shm"

/** Returns at once; the store's status says when it answers. Null: the project goes without. */
export async function startStore(
  options: StartStoreOptions,
): Promise<(StoreService & AsyncDisposable) | null> {
  const { log, config, contracts, plans, scheduler, report } = options
  if (config.store === null) {
    await releaseStoreHolds(log, contracts)
    return null
  }
  const clickhouse = openClickHouse(options, config.store)
  const store = new ClickHouseStore({ clickhouse, logId: log.logId })
  const feed = new StoreFeed({
    ...options,
    clickhouse,
    store,
    hasLake: config.lake !== false,
    status: () => clickhouse.status,
    storeReady: () => clickhouse.whenReady(),
  })
  void prepare()
  return {
    clickhouse,
    status: () => feed.status(),
    metrics: () => feed.metrics(),
    async [Symbol.asyncDispose]() {
      await feed[Symbol.asyncDispose]()
      await clickhouse[Symbol.asyncDispose]()
    },
  }

  /** Tables of what is not declared any more go; a store that cannot run here holds nothing. */
  async function prepare(): Promise<void> {
    try {
      const names = { events: contracts.map(({ name }) => name), views: plans.map(({ name }) => name) }
      await dropUndeclared({ store, names, ready: () => clickhouse.whenReady(), scheduler, report })
    } catch (error) {
      // Stopped with the platform: the next start drops what is left.
      if (clickhouse.status.state === "stopped") return
      report(error instanceof Error ? error.message : String(error))
      if (clickhouse.status.state === "unavailable") await releaseStoreHolds(log, contracts)
    }
  }
}

function openClickHouse(options: StartStoreOptions, config: StoreConfig) {
  const { directory, clock, scheduler, report } = options
  const surroundings = { clock, scheduler, report, random: new NodeRandom() }
  if (config.kind === "server") {
    return new ServerClickHouse({
      ...surroundings,
      transport: new HttpTransport({ kind: "url", url: config.url }),
      users: {
        internal: { name: config.user, password: process.env["MILLRACE_STORE_PASSWORD"] ?? "" },
        reader: { name: config.reader, password: process.env["MILLRACE_STORE_READER_PASSWORD"] ?? "" },
      },
    })
  }
  return openEmbeddedClickHouse({
    ...surroundings,
    directory,
    memoryBytes: config.memoryBytes,
    processes: new NodeProcesses(),
    transport: (path) => new HttpTransport({ kind: "socket", path }),
    surroundings: {
      temporaryDirectory: tmpdir(),
      memoryDirectory: existsSync(MEMORY_DIRECTORY) ? MEMORY_DIRECTORY : null,
    },
  })
}
