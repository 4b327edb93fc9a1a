/** How much memory the state of views may take: what the project says, or what the machine has room for. */
import { DEFAULT_MAX_STATE_BYTES } from "../engine/create-engine.ts"
import { MAX_STATE_BYTES } from "../engine/state/page-store.ts"
import type { ProjectConfig } from "./config.ts"
import { invalidConfig } from "./project-errors.ts"

/** Of each worker: below it a row in many windows, or an ordinary epoch, can hardly be worked on. */
const SMALLEST_STATE_BYTES = 64 * 2 ** 20
/** The rest is for what is no state: code, buffers, the log's thread, answers that are being made. */
const STATE_PART = 1 / 2

/** Of what the machine has besides the store, which is a process of its own beside this one. */
export function defaultStateBytes(
  { store, workers }: Pick<ProjectConfig, "store" | "workers">,
  machineBytes: number,
): number {
  const storeBytes = store?.kind === "embedded" ? store.memoryBytes : 0
  const part = Math.floor((machineBytes - storeBytes) * STATE_PART)
  return Math.max(SMALLEST_STATE_BYTES * workers, Math.min(DEFAULT_MAX_STATE_BYTES, part))
}

/** @throws PlatformError invalid-config */
export function stateMemoryOf(state: unknown, workers: number): number | null {
  if (state === undefined) return null
  const isObject = typeof state === "object" && state !== null && !Array.isArray(state)
  const unknown = isObject ? Object.keys(state).filter((name) => name !== "memoryBytes") : []
  if (!isObject || unknown.length > 0) throw invalidConfig("state is an object with memoryBytes")
  const { memoryBytes } = state as { readonly memoryBytes?: unknown }
  if (memoryBytes === undefined) return null
  const isSize = Number.isInteger(memoryBytes)
  const bytes = memoryBytes as number
  const smallest = SMALLEST_STATE_BYTES * workers
  if (isSize && bytes >= smallest && bytes <= MAX_STATE_BYTES) return bytes
  const why = workers === 1 ? "" : `, as each of ${workers} workers has an equal share of it`
  throw invalidConfig(`state.memoryBytes is a whole number from ${smallest} to ${MAX_STATE_BYTES}${why}`)
}
