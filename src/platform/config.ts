/** `defineConfig()`: what a project says about itself in millrace.config.ts. */
import { parseDuration } from "../std/durations.ts"
import { invalidConfig } from "./project-errors.ts"
import { stateMemoryOf } from "./state-memory.ts"

export interface ProjectOptions {
  /** Shown on the page and in messages: letters, digits, "-" and "_". */
  readonly name: string
  readonly description?: string
  /** Port of the HTTP door on 127.0.0.1; `--port` wins. @default 4600 */
  readonly port?: number
  /** Folder of all data, relative to the project; `--data` wins. @default ".millrace" */
  readonly data?: string
  readonly log?: {
    /** Size of a segment file, 1 MiB to 1 GiB; retention deletes whole segments. @default 134217728 */
    readonly segmentBytes?: number
  }
  /**
   * Threads that keep the views up to date, 1 to 32, each with the state of its part of the keys and an equal
   * share of the memory for state. Each looks at every event, so that more of them do more in all. May be
   * changed at any start.
   * @default 1
   */
  readonly workers?: number
  /**
   * The lake keeps every event as Parquet in Iceberg tables below the data folder, and the log may then
   * delete by its retention. false: no lake.
   */
  readonly lake?:
    | false
    | {
        /** How long events wait for the lake at most. @default "1 minute" */
        readonly interval?: string
        /** How far back a table can be read as it was. @default "7 days" */
        readonly snapshots?: string
      }
  readonly state?: {
    /**
     * Memory for the state of views, from 64 MiB for each worker to 4 GiB; what it has no room for goes to
     * files in the data folder. @default half of what the machine or container has besides the store, at
     * most 3 GiB
     */
    readonly memoryBytes?: number
  }
  readonly checkpoints?: {
    /** The longest time whose epochs a restart runs again, such as "10 seconds". @default "10 seconds" */
    readonly interval?: string
  }
  /**
   * The store of events and views, ClickHouse in a process beside the platform, or a server; false goes
   * without.
   * @default on, where chDB has a build for the machine
   */
  readonly store?:
    | false
    | {
        /** Of a ClickHouse server's HTTP interface: "http://clickhouse:8123". */
        readonly url: string
        /** Makes the databases and writes; its password is in MILLRACE_STORE_PASSWORD. */
        readonly user: string
        /** Runs queries: SELECT on events.*, views.* and _views.*; MILLRACE_STORE_READER_PASSWORD. */
        readonly reader: string
      }
    | {
        /** What ClickHouse may use in all, from 256 MiB. @default 1073741824 */
        readonly memoryBytes?: number
      }
}

/** What `store` in a project's config says. */
export type StoreConfig =
  | { readonly kind: "embedded"; readonly memoryBytes: number }
  | { readonly kind: "server"; readonly url: string; readonly user: string; readonly reader: string }

export interface ProjectConfig {
  readonly kind: "config"
  readonly name: string
  readonly description: string | null
  readonly port: number | null
  readonly data: string | null
  readonly segmentBytes: number | null
  /** Null: what the machine has room for. */
  readonly stateMemoryBytes: number | null
  readonly checkpointIntervalMs: number | null
  readonly workers: number
  /** False: none. Null where a time is the default. */
  readonly lake: false | { readonly intervalMs: number | null; readonly snapshotMs: number | null }
  /** Null: none. */
  readonly store: StoreConfig | null
}

const NAME = /^[a-z][a-z0-9_-]{0,62}$/i
const OPTIONS = new Set([
  "name",
  "description",
  "port",
  "data",
  "log",
  "state",
  "checkpoints",
  "workers",
  "lake",
  "store",
])
/** More than any machine makes use of: each worker looks at every event. */
const MOST_WORKERS = 32
const SMALLEST_SEGMENT_BYTES = 1024 * 1024
/** Room for queries over tens of millions of rows beside merges; a laptop does not miss it. */
const STORE_MEMORY_BYTES = 1024 * 1024 * 1024
/** Below it ClickHouse can hardly merge. */
const SMALLEST_STORE_MEMORY_BYTES = 256 * 1024 * 1024
const LARGEST_SEGMENT_BYTES = 1024 * 1024 * 1024

/**
 * @example
 * export default defineConfig({ name: "signups" })
 * @throws PlatformError invalid-config
 */
export function defineConfig(options: ProjectOptions): ProjectConfig {
  if (typeof options !== "object" || options === null) throw invalidConfig("give an object with a name")
  const { name, description, port, data, log, checkpoints, store } = options
  const unknown = Object.keys(options).filter((key) => !OPTIONS.has(key))
  if (unknown.length > 0) {
    throw invalidConfig(
      `there is no option ${unknown.join(", ")}; the options are ${[...OPTIONS].join(", ")}`,
    )
  }
  if (typeof name !== "string" || !NAME.test(name)) {
    throw invalidConfig('name starts with a letter and has letters, digits, "-" and "_" only, at most 63')
  }
  if (description !== undefined && typeof description !== "string")
    throw invalidConfig("description is a string")
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw invalidConfig("port is a whole number from 0 to 65535 (0 takes any free port)")
  }
  if (data !== undefined && (typeof data !== "string" || data === "")) {
    throw invalidConfig("data is the path of a folder")
  }
  const workers = workersOf(options.workers)
  return Object.freeze({
    kind: "config",
    name,
    description: description ?? null,
    port: port ?? null,
    data: data ?? null,
    segmentBytes: segmentBytesOf(log?.segmentBytes),
    stateMemoryBytes: stateMemoryOf(options.state, workers),
    lake: lakeOf(options.lake),
    checkpointIntervalMs:
      checkpoints?.interval === undefined
        ? null
        : parseDuration(checkpoints.interval, "checkpoints.interval"),
    workers,
    store: storeOf(store),
  })
}

/** What stands in for a config that could not be loaded; its problem is reported. */
export function defaultConfig(name: string): ProjectConfig {
  const unset = {
    ...{ description: null, port: null, data: null },
    ...{ segmentBytes: null, stateMemoryBytes: null, checkpointIntervalMs: null },
  }
  const lake = { intervalMs: null, snapshotMs: null }
  return {
    kind: "config",
    name,
    ...unset,
    workers: 1,
    lake,
    store: { kind: "embedded", memoryBytes: STORE_MEMORY_BYTES },
  }
}

function workersOf(workers: number = 1): number {
  if (Number.isInteger(workers) && workers >= 1 && workers <= MOST_WORKERS) return workers
  throw invalidConfig(
    `workers is a whole number from 1 to ${MOST_WORKERS}, at most one for each core; it is ${workers}`,
  )
}

function storeOf(store: ProjectOptions["store"]): StoreConfig | null {
  if (store === false) return null
  const options: Readonly<Record<string, unknown>> = store ?? {}
  if (typeof options !== "object") throw storeRefused(store)
  const names = Object.keys(options)
  if (options["url"] !== undefined) {
    const { url, user, reader } = options
    const isWhole = [user, reader].every((name) => typeof name === "string" && name !== "")
    if (!isWhole || !isHttpUrl(url) || names.length !== 3) throw storeRefused(store)
    return { kind: "server", url, user: user as string, reader: reader as string }
  }
  if (names.some((name) => name !== "memoryBytes")) throw storeRefused(store)
  const { memoryBytes = STORE_MEMORY_BYTES } = options
  if (Number.isInteger(memoryBytes) && (memoryBytes as number) >= SMALLEST_STORE_MEMORY_BYTES) {
    return { kind: "embedded", memoryBytes: memoryBytes as number }
  }
  throw invalidConfig(`store.memoryBytes is a whole number from ${SMALLEST_STORE_MEMORY_BYTES}`)
}

/** Without the values: one may be a password. */
function storeRefused(store: unknown) {
  const given = typeof store === "object" && store !== null ? Object.keys(store).join(", ") : String(store)
  return invalidConfig(
    "store is false, an object with memoryBytes, or one with url (http or https, without path, user or " +
      `password), user and reader of a server; it has ${given}`,
  )
}

function isHttpUrl(text: unknown): text is string {
  if (typeof text !== "string" || !URL.canParse(text)) return false
  const { protocol, pathname, search, username, password } = new URL(text)
  const isPlain = pathname === "/" && search === "" && username === "" && password === ""
  return isPlain && (protocol === "http:" || protocol === "https:")
}

const LAKE_OPTIONS = new Set(["interval", "snapshots"])

function lakeOf(lake: ProjectOptions["lake"]): ProjectConfig["lake"] {
  if (lake === false) return false
  if (lake !== undefined && (typeof lake !== "object" || lake === null)) {
    throw invalidConfig("lake is false, or an object with interval and snapshots")
  }
  const unknown = Object.keys(lake ?? {}).filter((key) => !LAKE_OPTIONS.has(key))
  if (unknown.length > 0) {
    throw invalidConfig(
      `there is no option lake.${unknown[0]}; the options are ${[...LAKE_OPTIONS].join(", ")}`,
    )
  }
  const duration = (text: string | undefined, place: string) =>
    text === undefined ? null : parseDuration(text, place)
  return {
    intervalMs: duration(lake?.interval, "lake.interval"),
    snapshotMs: duration(lake?.snapshots, "lake.snapshots"),
  }
}

function segmentBytesOf(bytes: number | undefined): number | null {
  if (bytes === undefined) return null
  if (Number.isInteger(bytes) && bytes >= SMALLEST_SEGMENT_BYTES && bytes <= LARGEST_SEGMENT_BYTES)
    return bytes
  throw invalidConfig(
    `log.segmentBytes is a whole number from ${SMALLEST_SEGMENT_BYTES} to ${LARGEST_SEGMENT_BYTES}`,
  )
}
