/** Rows that are due, gathered into posts. */
import type { Pace } from "./pace.ts"
import { pause } from "./pause.ts"
import type { SourceRow } from "./row-source.ts"

export interface RowBatch {
  /** NDJSON. */
  readonly body: Uint8Array<ArrayBuffer>
  /** Line of each row in the input. */
  readonly lines: readonly number[]
}

export interface BatchOptions {
  readonly pace: Pace
  readonly maxRows: number
  readonly stopped: AbortSignal
}

/** A quarter of what the server takes, so that a row of any size it takes still fits beside others. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024
/**
 * A row that is due so soon travels with the batch before it: fewer posts, and nobody sees the difference.
 */
const SOON_MS = 5
/** Input that pauses (a pipe) must not keep rows back for longer. */
const LINGER_MS = 50
const NEWLINE = Buffer.from("\n")

/** In order; ends early when stopped. */
export async function* batches(
  pieces: AsyncIterator<readonly SourceRow[]>,
  { pace, maxRows, stopped }: BatchOptions,
): AsyncGenerator<RowBatch> {
  const startedAtMs = performance.now()
  const batch = new OpenBatch()
  let next = pieces.next()
  while (!stopped.aborted) {
    const result = await arrived(next, batch.rows === 0 ? null : LINGER_MS, stopped)
    if (result === "waiting") {
      if (batch.rows > 0) yield batch.take()
      continue
    }
    if (result.done === true) break
    for (const row of result.value) {
      const waitMs = pace.dueMs(row.json) - (performance.now() - startedAtMs)
      if (waitMs > SOON_MS) {
        if (batch.rows > 0) yield batch.take()
        await pause(pacingWait(waitMs), stopped)
      }
      if (stopped.aborted) break
      if (batch.bytes + row.json.length > MAX_BATCH_BYTES && batch.rows > 0) yield batch.take()
      batch.add(row)
      if (batch.rows >= maxRows) yield batch.take()
    }
    next = pieces.next()
  }
  if (stopped.aborted) await pieces.return?.()
  else if (batch.rows > 0) yield batch.take()
}

/** setTimeout counts in 31 bits; nobody waits longer than that for one row, and if so it is sent early. */
function pacingWait(waitMs: number): number {
  return Math.min(waitMs, 2 ** 31 - 1)
}

/** The rows when they are there within `lingerMs` (null: whenever it comes), else "waiting". */
async function arrived(
  next: Promise<IteratorResult<readonly SourceRow[]>>,
  lingerMs: number | null,
  stopped: AbortSignal,
): Promise<IteratorResult<readonly SourceRow[]> | "waiting"> {
  const ended = new AbortController()
  const signal = AbortSignal.any([stopped, ended.signal])
  const timeout = pause(lingerMs ?? 2 ** 31 - 1, signal).then(() => "waiting" as const)
  try {
    return await Promise.race([next, timeout])
  } finally {
    ended.abort()
  }
}

class OpenBatch {
  bytes = 0
  #parts: Uint8Array[] = []
  #lines: number[] = []

  get rows(): number {
    return this.#lines.length
  }

  add({ json, line }: SourceRow): void {
    this.#parts.push(json, NEWLINE)
    this.#lines.push(line)
    this.bytes += json.length + 1
  }

  take(): RowBatch {
    const batch = { body: Buffer.concat(this.#parts, this.bytes), lines: this.#lines }
    this.#parts = []
    this.#lines = []
    this.bytes = 0
    return batch
  }
}
