/**
 * What a running project cannot be without: the log, the lake behind it, the ledger of verdicts, and the
 * runtime, recovered. Each is closed with the stack that it is given to.
 */
import type { EventContract } from "../contracts/contract.ts"
import { openThreadedLog } from "../log/embedded/threaded-log.ts"
import type { LocalLog, Log } from "../log/log.ts"
import type { ViewPlan } from "../plan/plan.ts"
import { type Ledger, openLedger } from "../quality/ledger/ledger.ts"
import type { OpenedLake } from "../runners/archiver/open-lake.ts"
import type { EmbeddedRuntime } from "../runners/embedded/embedded-runtime.ts"
import { openRuntime } from "../runners/embedded/open-runtime.ts"
import { EngineWorkers } from "../runners/embedded/workers/engine-workers.ts"
import type { Clock, Scheduler } from "../std/clock.ts"
import type { Disk } from "../std/disk.ts"
import { NodeClock } from "../std/node/clock.ts"
import { NodeDisk } from "../std/node/disk.ts"
import { machineMemoryBytes } from "../std/node/memory.ts"
import { NodeScheduler } from "../std/node/scheduler.ts"
import type { ProjectConfig } from "./config.ts"
import { FOLDERS } from "./data-directory.ts"
import { openProjectLake } from "./project-lake.ts"
import { defaultStateBytes } from "./state-memory.ts"

export interface CoreProject {
  readonly config: ProjectConfig
  readonly contracts: readonly EventContract[]
  /** In dependency order. */
  readonly plans: readonly ViewPlan[]
  /** Absolute: the data directory. */
  readonly data: string
  /** Told in words what happens. */
  readonly report: (message: string) => void
}

export interface Core extends CoreProject {
  readonly disk: Disk
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly log: LocalLog
  readonly lake: OpenedLake | null
  /** The log, and where it begins no more the lake. */
  readonly history: Log
  readonly ledger: Ledger
  readonly runtime: EmbeddedRuntime
}

/** @throws PlatformError log-in-use, log-corrupt and what recovery finds. */
export async function openCore(project: CoreProject, closing: AsyncDisposableStack): Promise<Core> {
  const { config, contracts, plans, data, report } = project
  const { segmentBytes, checkpointIntervalMs } = config
  // One worker is the engine in this thread.
  const spillDirectory = `${data}/${FOLDERS.spill}`
  const workers =
    config.workers === 1 ? null : closing.use(await EngineWorkers.start(config.workers, spillDirectory))
  const machine = { disk: new NodeDisk(), clock: new NodeClock(), scheduler: new NodeScheduler() }
  const limits = segmentBytes === null ? {} : { limits: { segmentBytes } }
  const log = closing.use(await openThreadedLog({ directory: `${data}/${FOLDERS.log}`, ...limits }))
  const lake = await openProjectLake({ ...machine, log, config, data, contracts, report })
  if (lake !== null) closing.use(lake)
  const history = lake?.history ?? log
  const ledger = await openLedger({
    log: history,
    scheduler: machine.scheduler,
    onUpkeepFailed: (error) => report(`The ledger could not be shortened: ${reasonOf(error)}`),
  })
  const runtime = closing.use(
    await openRuntime({
      ...{ ...machine, log: history, contracts, plans, report },
      checkpointDirectory: `${data}/${FOLDERS.checkpoints}`,
      duplicatesDirectory: `${data}/${FOLDERS.duplicates}`,
      spillDirectory,
      stateMemoryBytes: config.stateMemoryBytes ?? defaultStateBytes(config, machineMemoryBytes()),
      outputs: [ledger.output],
      rulings: ledger.reader,
      ...(checkpointIntervalMs === null ? {} : { checkpointIntervalMs }),
      ...(workers === null ? {} : { createEngine: workers.createEngine.bind(workers) }),
    }),
  )
  await lake?.archiver.start()
  return { ...project, ...machine, log, lake, history, ledger, runtime }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
