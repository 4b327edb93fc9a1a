/**
 * What was done to which dead letter or row: the compacted topic `_replays`, one fenced writer, folded into
 * memory at start. Only what was touched has a mark; a letter without one is open.
 *
 *   key   = "letter/" id | "row/" topic "/" partition "/" offset | "replay/" id | "items/" id "/" chunk
 *   value = JSON: a Mark; a Replay; for the last kind what is to be sent, and null once the replay is over
 */
import type { Log, WriterToken } from "../../log/log.ts"
import { type RecordToStore, readSpan, recordSetOf } from "../../log/stored-records.ts"
import {
  cutItems,
  decodeItems,
  encodeItems,
  itemsKey,
  parseItemsKey,
  type ReplayItem,
} from "./replay-items.ts"

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
  /** `interrupted`: of an older version, which stopped in its middle; what it had not sent is still open. */
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
  /** Chunks of items that are in the topic, by replay: those of replays that are not over. */
  readonly #chunks = new Map<string, Map<number, readonly ReplayItem[]>>()
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
      if (key !== null) marks.#learn(textOf(key), value)
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

  /** What a replay that is not over sends, in its order; null when that was never written down. */
  items(replay: string): readonly ReplayItem[] | null {
    const chunks = this.#chunks.get(replay)
    if (chunks === undefined) return null
    return [...chunks].sort(([a], [b]) => a - b).flatMap(([, items]) => items)
  }

  /** Replays whose items are in the topic. */
  replaysWithItems(): readonly string[] {
    return [...this.#chunks.keys()]
  }

  /** Resolves when the items are durable; the replay itself is written after them. */
  async writeItems(replay: string, items: readonly ReplayItem[]): Promise<void> {
    const written = new Map<number, readonly ReplayItem[]>()
    this.#chunks.set(replay, written)
    for (const [chunk, some] of cutItems(items).entries()) {
      await this.#append([{ key: Buffer.from(itemsKey({ replay, chunk })), value: encodeItems(some) }])
      written.set(chunk, some)
    }
  }

  /** A replay is over: resolves when that is durable, and what it was to send is gone. */
  async finish(replay: Replay): Promise<void> {
    const end = { key: Buffer.from(`replay/${replay.id}`), value: Buffer.from(JSON.stringify(replay)) }
    await this.#append([end, ...this.#tombstones(replay.id)])
    this.#chunks.delete(replay.id)
    this.#fold(`replay/${replay.id}`, replay)
  }

  /** Items of a replay that never was begun. */
  async dropItems(replay: string): Promise<void> {
    await this.#append(this.#tombstones(replay))
    this.#chunks.delete(replay)
  }

  #tombstones(replay: string): readonly RecordToStore[] {
    const chunks = [...(this.#chunks.get(replay)?.keys() ?? [])]
    return chunks.map((chunk) => ({ key: Buffer.from(itemsKey({ replay, chunk })), value: null }))
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
    await this.#append(
      entries.map(([key, value]) => ({ key: Buffer.from(key), value: Buffer.from(JSON.stringify(value)) })),
    )
    for (const [key, value] of entries) this.#fold(key, value)
  }

  async #append(records: readonly RecordToStore[]): Promise<void> {
    if (records.length === 0) return
    const request = {
      topic: REPLAYS_TOPIC,
      partition: 0,
      records: recordSetOf(records),
      writer: this.#writer,
    }
    await this.#log.append(request)
  }

  /** A record of the topic. */
  #learn(key: string, value: Uint8Array | null): void {
    const items = parseItemsKey(key)
    if (items === null) {
      if (value !== null) this.#fold(key, JSON.parse(textOf(value)))
      return
    }
    const { replay, chunk } = items
    const chunks = this.#chunks.get(replay) ?? new Map<number, readonly ReplayItem[]>()
    if (value === null) chunks.delete(chunk)
    else chunks.set(chunk, decodeItems(value))
    if (chunks.size === 0) this.#chunks.delete(replay)
    else this.#chunks.set(replay, chunks)
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
