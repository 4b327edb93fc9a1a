/** `defineConfig()`: what a project says about itself in millrace.config.ts. */
import { parseDuration } from "../std/durations.ts"
import { invalidConfig } from "./project-errors.ts"

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
  readonly checkpoints?: {
    /** The longest time whose epochs a restart runs again, such as "10 seconds". @default "10 seconds" */
    readonly interval?: string
  }
  /**
   * The store of events and views, ClickHouse in a process beside the platform; false goes without.
   * @default on, where chDB has a build for the machine
   */
  readonly store?:
    | false
    | {
        /** What ClickHouse may use in all, from 256 MiB. @default 1073741824 */
        readonly memoryBytes?: number
      }
}

/** What `store` in a project's config says. */
export interface StoreConfig {
  readonly memoryBytes: number
}

export interface ProjectConfig {
  readonly kind: "config"
  readonly name: string
  readonly description: string | null
  readonly port: number | null
  readonly data: string | null
  readonly segmentBytes: number | null
  readonly checkpointIntervalMs: number | null
  /** Null: none. */
  readonly store: StoreConfig | null
}

const NAME = /^[a-z][a-z0-9_-]{0,62}$/i
const OPTIONS = new Set(["name", "description", "port", "data", "log", "checkpoints", "store"])
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
  return Object.freeze({
    kind: "config",
    name,
    description: description ?? null,
    port: port ?? null,
    data: data ?? null,
    segmentBytes: segmentBytesOf(log?.segmentBytes),
    checkpointIntervalMs:
      checkpoints?.interval === undefined
        ? null
        : parseDuration(checkpoints.interval, "checkpoints.interval"),
    store: storeOf(store),
  })
}

/** What stands in for a config that could not be loaded; its problem is reported. */
export function defaultConfig(name: string): ProjectConfig {
  const unset = { description: null, port: null, data: null, segmentBytes: null, checkpointIntervalMs: null }
  return { kind: "config", name, ...unset, store: { memoryBytes: STORE_MEMORY_BYTES } }
}

function storeOf(store: ProjectOptions["store"]): StoreConfig | null {
  if (store === false) return null
  const options = store ?? {}
  const unknown = Object.keys(options).filter((key) => key !== "memoryBytes")
  if (typeof options !== "object" || unknown.length > 0) {
    throw invalidConfig(`store is false, or an object with memoryBytes, not ${JSON.stringify(store)}`)
  }
  const { memoryBytes = STORE_MEMORY_BYTES } = options
  if (Number.isInteger(memoryBytes) && memoryBytes >= SMALLEST_STORE_MEMORY_BYTES) return { memoryBytes }
  throw invalidConfig(`store.memoryBytes is a whole number from ${SMALLEST_STORE_MEMORY_BYTES}`)
}

function segmentBytesOf(bytes: number | undefined): number | null {
  if (bytes === undefined) return null
  if (Number.isInteger(bytes) && bytes >= SMALLEST_SEGMENT_BYTES && bytes <= LARGEST_SEGMENT_BYTES)
    return bytes
  throw invalidConfig(
    `log.segmentBytes is a whole number from ${SMALLEST_SEGMENT_BYTES} to ${LARGEST_SEGMENT_BYTES}`,
  )
}
