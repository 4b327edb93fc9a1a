/**
 * What was done to which dead letter or row: the compacted topic `_replays`, one fenced writer, folded into
 * memory at start. Only what was touched has a mark; a letter without one is open.
 *
 *   key   = "letter/" id | "row/" topic "/" partition "/" offset | "replay/" id
 *   value = JSON: a Mark, or a Replay for the last kind
 */
import type { Log, WriterToken } from "../../log/log.ts"
import { readSpan, recordSetOf } from "../../log/stored-records.ts"

export const REPLAYS_TOPIC = "_replays"
const READ_BYTES = 4 * 1024 * 1024
/** Replays that are listed; older ones stay on the marks of what they sent. */
const MAX_KEPT_REPLAYS = 1_000

/** `sending`: on its way; after a crash it is looked for in the log before anything is sent again. */
export type MarkState = "open" | "sending" | "replayed" | "discarded"

export interface Mark {
  readonly state: MarkState
  readonly event: string
  readonly at: number
  readonly replay: string | null
  /** Where the corrected row is; null after a crash, where `place` says it. */
  readonly receipt: string | null
  readonly place: { readonly partition: number; readonly offset: number } | null
  /** Why the replay did not take it: "duplicate", or a code of a refused row. */
  readonly code: string | null
  readonly field: string | null
  readonly message: string | null
  /** While it is on its way: where the event's topic ended before, by partition. */
  readonly ends: readonly number[] | null
}

export interface Replay {
  readonly id: string
  /** `interrupted`: the platform stopped in its middle; what it had not sent is still open. */
  readonly status: "running" | "done" | "interrupted" | "failed"
  readonly createdAt: number
  readonly finishedAt: number | null
  readonly total: number
  readonly accepted: number
  readonly duplicates: number
  readonly rejected: number
  /** Why it has failed. */
  readonly error: string | null
}

export function letterKey(id: string): string {
  return `letter/${id}`
}

export function rowKey({
  topic,
  partition,
  offset,
}: {
  topic: string
  partition: number
  offset: number
}): string {
  return `row/${topic}/${partition}/${offset}`
}

export class ReplayMarks {
  readonly #log: Log
  readonly #writer: WriterToken
  readonly #marks = new Map<string, Mark>()
  readonly #replays = new Map<string, Replay>()
  #lastId = 0

  private constructor(log: Log, writer: WriterToken) {
    this.#log = log
    this.#writer = writer
  }

  /** Takes the topic over from any earlier process. */
  static async open(log: Log): Promise<ReplayMarks> {
    await log.createTopic({ name: REPLAYS_TOPIC, partitions: 1, cleanup: "compact" })
    const marks = new ReplayMarks(log, await log.openWriter(REPLAYS_TOPIC))
    const { begin, durableEnd } = await log.range(REPLAYS_TOPIC, 0)
    const span = { topic: REPLAYS_TOPIC, partition: 0, from: begin, until: durableEnd }
    for await (const { key, value } of readSpan(log, span, { readBytes: READ_BYTES })) {
      if (key !== null && value !== null) marks.#fold(textOf(key), JSON.parse(textOf(value)))
    }
    return marks
  }

  mark(key: string): Mark | null {
    return this.#marks.get(key) ?? null
  }

  /** Marks of letters or rows, in no order. */
  *marks(): Generator<readonly [key: string, mark: Mark]> {
    yield* this.#marks
  }

  replay(id: string): Replay | null {
    return this.#replays.get(id) ?? null
  }

  /** Newest first. */
  replays(): readonly Replay[] {
    return [...this.#replays.values()].reverse()
  }

  nextId(): string {
    return `r${++this.#lastId}`
  }

  /** Resolves when all of it is durable; memory changes then, too. */
  async write(
    marks: readonly (readonly [key: string, mark: Mark])[],
    replays: readonly Replay[] = [],
  ): Promise<void> {
    const entries: (readonly [string, Mark | Replay])[] = [
      ...marks,
      ...replays.map((replay) => [`replay/${replay.id}`, replay] as const),
    ]
    if (entries.length === 0) return
    const records = recordSetOf(
      entries.map(([key, value]) => ({ key: Buffer.from(key), value: Buffer.from(JSON.stringify(value)) })),
    )
    await this.#log.append({ topic: REPLAYS_TOPIC, partition: 0, records, writer: this.#writer })
    for (const [key, value] of entries) this.#fold(key, value)
  }

  #fold(key: string, value: unknown): void {
    if (!key.startsWith("replay/")) {
      this.#marks.set(key, value as Mark)
      return
    }
    const replay = value as Replay
    this.#replays.set(replay.id, replay)
    this.#lastId = Math.max(this.#lastId, Number(replay.id.slice(1)))
    const oldest = this.#replays.keys().next().value
    if (this.#replays.size > MAX_KEPT_REPLAYS && oldest !== undefined) this.#replays.delete(oldest)
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8")
}
