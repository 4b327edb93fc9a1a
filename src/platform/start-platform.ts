/**
 * Assembles a project in this process: modules are loaded, views are bound, the log is opened, state is
 * recovered, and the HTTP door opens last. Everything is closed in reverse order.
 */
import { dirname, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { bindProject } from "../plan/bind-project.ts"
import type { Problem } from "../plan/plan.ts"
import type { Runtime } from "../runners/runtime.ts"
import type { StoreService } from "../runners/store-service.ts"
import { startHttp } from "../serve/http/server.ts"
import { openDataDirectory } from "./data-directory.ts"
import { loadProject } from "./load-project.ts"
import { openCore } from "./open-core.ts"
import { openServices } from "./open-services.ts"
import { projectHasProblems } from "./project-errors.ts"
import { compareLock } from "./project-lock.ts"
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

/**
 * @throws PlatformError project-has-problems, invalid-lock, data-directory-unusable, log-in-use, log-corrupt,
 * port-taken and what recovery finds.
 */
export async function startPlatform(options: StartOptions): Promise<Platform> {
  const report = options.report ?? (() => {})
  const projectDirectory = resolve(options.projectDirectory)
  const { project, plans } = await loadSoundProject(projectDirectory)
  const { name, config, events: contracts } = project
  const data = openDataDirectory(
    resolve(options.dataDirectory ?? `${projectDirectory}/${config.data ?? DEFAULT_DATA_DIRECTORY}`),
  )
  await using closing = new AsyncDisposableStack()
  const core = await openCore({ config, contracts, plans, data, report }, closing)
  const services = await openServices(core, name, closing)
  const { runtime, clock, scheduler } = core
  const http = await startHttp({
    ...{ runtime, clock, scheduler, ...services },
    host: HOST,
    port: options.port ?? config.port ?? DEFAULT_PORT,
    portFallback: options.portFallback ?? false,
    pageDirectory: pageDirectory(),
    project: name,
    version: VERSION,
    onFailure: (error, where) => report(`${where} failed: ${stackOf(error)}`),
  })
  closing.defer(() => http.close())
  const open = closing.move()
  const close = () => open.disposeAsync()
  const { store } = services
  return { url: http.url, project: name, data, runtime, store, close, [Symbol.asyncDispose]: close }
}

async function loadSoundProject(projectDirectory: string) {
  const project = await loadProject(projectDirectory)
  const { plans, problems } = await bindProject(project)
  const found: readonly Problem[] = [...project.problems, ...problems]
  if (found.length > 0) throw projectHasProblems(projectDirectory, found)
  // Rows that are in the log must stay readable.
  const incompatible = compareLock(projectDirectory, project.events, plans).problems
  if (incompatible.length > 0) throw projectHasProblems(projectDirectory, incompatible)
  return { project, plans }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** studio/dist stands beside src in a clone and beside dist in the package. */
function pageDirectory(): string {
  return resolve(dirname(fileURLToPath(import.meta.url)), "../../studio/dist")
}
