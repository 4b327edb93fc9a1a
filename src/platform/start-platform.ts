/**
 * Assembles a project in this process: modules are loaded, views are bound, the log is opened, state is
 * recovered, and the HTTP door opens last. Everything is closed in reverse order.
 */
import { accessSync, constants, mkdirSync, realpathSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { openThreadedLog } from "../log/embedded/threaded-log.ts"
import { bindProject } from "../plan/bind-project.ts"
import type { Problem } from "../plan/plan.ts"
import { openLedger } from "../quality/ledger/ledger.ts"
import { Quality } from "../quality/quality.ts"
import { openRuntime } from "../runners/embedded/open-runtime.ts"
import type { Runtime } from "../runners/runtime.ts"
import type { StoreService } from "../runners/store-service.ts"
import { startHttp } from "../serve/http/server.ts"
import { NodeClock } from "../std/node/clock.ts"
import { NodeDisk } from "../std/node/disk.ts"
import { NodeScheduler } from "../std/node/scheduler.ts"
import { RunningBackups } from "./backup/backups.ts"
import { loadProject } from "./load-project.ts"
import { dataDirectoryUnusable, projectHasProblems } from "./project-errors.ts"
import { compareLock } from "./project-lock.ts"
import { startStore } from "./start-store.ts"
import { VERSION } from "./version.ts"

export interface StartOptions {
  /** Folder with millrace.config.ts. */
  readonly projectDirectory: string
  /** @default ".millrace" in the project */
  readonly dataDirectory?: string
  /** @default 4600 */
  readonly port?: number
  /** Takes the next free port when `port` is taken. @default false */
  readonly portFallback?: boolean
  /** Told in words what happens. */
  readonly report?: (message: string) => void
}

export interface Platform extends AsyncDisposable {
  /** http://127.0.0.1:PORT */
  readonly url: string
  readonly project: string
  /** Real path of the folder of all data. */
  readonly data: string
  readonly runtime: Runtime
  /** Null when the project goes without. */
  readonly store: StoreService | null
  close(): Promise<void>
}

export const DEFAULT_PORT = 4600
export const DEFAULT_DATA_DIRECTORY = ".millrace"
const HOST = "127.0.0.1"
/** Below the data directory. */
const LOG_FOLDER = "log"
const CHECKPOINT_FOLDER = "checkpoints"
const DUPLICATES_FOLDER = "duplicates"
const STORE_FOLDER = "store"

/**
 * @throws PlatformError project-has-problems, invalid-lock, data-directory-unusable, log-in-use, log-corrupt,
 * port-taken and what recovery finds.
 */
export async function startPlatform(options: StartOptions): Promise<Platform> {
  const report = options.report ?? (() => {})
  const projectDirectory = resolve(options.projectDirectory)
  const project = await loadProject(projectDirectory)
  const { plans, problems } = await bindProject(project)
  const found: readonly Problem[] = [...project.problems, ...problems]
  if (found.length > 0) throw projectHasProblems(projectDirectory, found)
  // Rows that are in the log must stay readable.
  const incompatible = compareLock(projectDirectory, project.events, plans).problems
  if (incompatible.length > 0) throw projectHasProblems(projectDirectory, incompatible)

  const { config, events: contracts } = project
  const data = openDataDirectory(
    resolve(options.dataDirectory ?? `${projectDirectory}/${config.data ?? DEFAULT_DATA_DIRECTORY}`),
  )
  await using closing = new AsyncDisposableStack()
  const disk = new NodeDisk()
  const clock = new NodeClock()
  const scheduler = new NodeScheduler()
  const log = closing.use(
    await openThreadedLog({
      directory: `${data}/${LOG_FOLDER}`,
      ...(config.segmentBytes === null ? {} : { limits: { segmentBytes: config.segmentBytes } }),
    }),
  )
  const onUpkeepFailed = reporting(report, "The ledger could not be shortened")
  const ledger = await openLedger({ log, scheduler, onUpkeepFailed })
  const runtime = await openRuntime({
    ...{ log, disk, clock, scheduler, plans, report, contracts },
    checkpointDirectory: `${data}/${CHECKPOINT_FOLDER}`,
    duplicatesDirectory: `${data}/${DUPLICATES_FOLDER}`,
    outputs: [ledger.output],
    ...(config.checkpointIntervalMs === null ? {} : { checkpointIntervalMs: config.checkpointIntervalMs }),
  })
  closing.use(runtime)
  const store = await startStore({
    ...{ project, plans, log, runtime, clock, scheduler, report, ledger: ledger.reader },
    directory: `${data}/${STORE_FOLDER}`,
  })
  if (store !== null) closing.use(store)
  const backups = new RunningBackups({
    log,
    disk,
    clock,
    folders: { data, log: LOG_FOLDER, checkpoints: CHECKPOINT_FOLDER, immutable: [DUPLICATES_FOLDER] },
    project: project.name,
    version: VERSION,
  })
  const door = { log, clock, scheduler, contracts, ledger: ledger.reader, door: runtime }
  const quality = closing.use(await Quality.open({ ...door, onFailed: reporting(report, "A replay failed") }))
  const http = await startHttp({
    runtime,
    quality,
    store,
    backups,
    clock,
    scheduler,
    host: HOST,
    port: options.port ?? config.port ?? DEFAULT_PORT,
    portFallback: options.portFallback ?? false,
    pageDirectory: pageDirectory(),
    project: project.name,
    version: VERSION,
    onFailure: (error, where) => report(`${where} failed: ${stackOf(error)}`),
  })
  closing.defer(() => http.close())
  const open = closing.move()
  const close = () => open.disposeAsync()
  return { url: http.url, project: project.name, data, runtime, store, close, [Symbol.asyncDispose]: close }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function reporting(report: (message: string) => void, what: string): (error: unknown) => void {
  return (error) => report(`${what}: ${error instanceof Error ? error.message : String(error)}`)
}

/** Makes the folder where it is missing. Its real path, so that one folder has one name. */
function openDataDirectory(path: string): string {
  try {
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return realpathSync(path)
  } catch (error) {
    throw dataDirectoryUnusable(path, error)
  }
}

/** studio/dist stands beside src in a clone and beside dist in the package. */
function pageDirectory(): string {
  return resolve(dirname(fileURLToPath(import.meta.url)), "../../studio/dist")
}
