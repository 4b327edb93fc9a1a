/**
 * Sends corrected rows back through the same door as any producer, and marks where they came from.
 *
 *   items, then the replay (durable: 202) -> for each chunk:
 *   mark "sending" (durable) -> ingest -> mark "replayed" with the receipt, or "open" with the new reason
 *
 * Each row carries in the log which replay and which letter it is of. So after a crash in between the log
 * itself says whether it was sent: nothing is sent twice, and nothing is called sent that is not there. A
 * replay that a stop or a crash cut short goes on at the next start, with what no mark says was done.
 */
import type { Log } from "../../log/log.ts"
import { readSpan } from "../../log/stored-records.ts"
import type { Clock, Scheduler } from "../../std/clock.ts"
import { isPlatformError } from "../../std/errors.ts"
import { CHUNK_ROWS, type ReplayItem } from "./replay-items.ts"
import type { Mark, Replay, ReplayMarks } from "./replay-marks.ts"

/** Until the door is asked again. */
const BUSY_MS = 100
const READ_BYTES = 4 * 1024 * 1024

export interface RefusedRow {
  readonly code: string
  readonly field: string | null
  readonly message: string
}

/** The door for events: what replays need of a runtime. */
export interface ReplayDoor {
  ingest(request: {
    readonly event: string
    readonly body: Uint8Array
    readonly framing: "json"
    readonly source: string
    readonly sourcePosition: string
    readonly onInvalid: "reject"
  }): Promise<{
    readonly accepted: number
    readonly duplicates: number
    readonly rejected: readonly RefusedRow[]
    readonly receipt: string | null
  }>
}

export interface EventTopic {
  readonly topic: string
  readonly partitions: number
}

export interface ReplayerParts {
  readonly log: Log
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly marks: ReplayMarks
  readonly door: ReplayDoor
  /** Null for an event that the project does not have any more. */
  readonly topicOf: (event: string) => EventTopic | null
  /** The bytes of a letter or row, by the key of its mark; null when they are gone. */
  readonly originalOf: (key: string, event: string) => Promise<Uint8Array | null>
  /** A replay could not go on. */
  readonly onFailed: (error: unknown) => void
}

const INTERRUPTED = "interrupted"
const NOTHING = { receipt: null, place: null, code: null, field: null, message: null, ends: null } as const

export class Replayer {
  readonly #parts: ReplayerParts
  /** One replay at a time: the next waits for the one before. */
  #running: Promise<void> = Promise.resolve()
  #stopping = false

  constructor(parts: ReplayerParts) {
    this.#parts = parts
  }

  /** Finishes what an earlier process left in the middle. Called before anything else. */
  async recover(): Promise<void> {
    const { marks, clock } = this.#parts
    for (const id of marks.replaysWithItems()) if (marks.replay(id) === null) await marks.dropItems(id)
    await this.#settleSending()
    const running = marks.replays().filter(({ status }) => status === "running")
    for (const replay of running.reverse()) {
      const items = marks.items(replay.id)
      const done = progressOf(replay, items ?? [], marks)
      if (items === null) {
        const counts = { ...replay, accepted: replay.accepted + done.found }
        await marks.write([], [{ ...counts, status: "interrupted", finishedAt: clock.nowMs() }])
      } else this.#running = this.#running.then(() => this.#run({ ...replay, ...done.counts }, done.left))
    }
  }

  /** The log says of rows that were on their way whether they arrived. */
  async #settleSending(): Promise<void> {
    const { marks, clock, topicOf } = this.#parts
    const at = clock.nowMs()
    const settled: (readonly [string, Mark])[] = []
    for (const [key, mark] of marks.marks()) {
      if (mark.state !== "sending") continue
      const topic = topicOf(mark.event)
      const place = topic === null ? null : await this.#find(key, mark, topic)
      const message = "the replay was interrupted before the row was sent"
      const open = { code: INTERRUPTED, message }
      const result =
        place === null ? { state: "open" as const, ...open } : { state: "replayed" as const, place }
      settled.push([key, { ...mark, ...NOTHING, at, ...result }])
    }
    await marks.write(settled)
  }

  /**
   * Begins a replay; it goes on behind the answer, and after a crash at the next start. Resolves when that is
   * durable.
   */
  async begin(items: readonly ReplayItem[]): Promise<Replay> {
    const { marks, clock } = this.#parts
    const replay: Replay = {
      ...{ id: marks.nextId(), status: "running", createdAt: clock.nowMs(), finishedAt: null },
      ...{ total: items.length, accepted: 0, duplicates: 0, rejected: 0, error: null },
    }
    await marks.writeItems(replay.id, items)
    await marks.write([], [replay])
    this.#running = this.#running.then(() => this.#run(replay, items))
    return replay
  }

  /** No replay is under way any more. */
  idle(): Promise<void> {
    return this.#running
  }

  /** Stops between two chunks; what is left is sent after the next start. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  async #run(begun: Replay, items: readonly ReplayItem[]): Promise<void> {
    const { marks, clock, onFailed } = this.#parts
    let replay = begun
    try {
      for (let from = 0; from < items.length && !this.#stopping; from += CHUNK_ROWS) {
        replay = await this.#send(replay, items.slice(from, from + CHUNK_ROWS))
      }
      if (this.#stopping && replay.accepted + replay.duplicates + replay.rejected < replay.total) return
      await marks.finish({ ...replay, status: "done", finishedAt: clock.nowMs() })
    } catch (error) {
      onFailed(error)
      const text = error instanceof Error ? error.message : String(error)
      const failed: Replay = { ...replay, status: "failed", finishedAt: clock.nowMs(), error: text }
      // When not even this can be written, the replay goes on at the next start.
      await marks.finish(failed).catch(onFailed)
    }
  }

  async #send(replay: Replay, items: readonly ReplayItem[]): Promise<Replay> {
    const { marks, clock } = this.#parts
    // A letter may have been asked for twice: the first replay has it.
    const open = await Promise.all(
      items.filter(({ key }) => isOpen(marks.mark(key))).map((item) => this.#ready(item)),
    )
    const base = { at: clock.nowMs(), replay: replay.id, ...NOTHING }
    const sending = await Promise.all(
      open.map(async ({ key, event, topic }): Promise<readonly [string, Mark]> => {
        const ends = topic === null ? null : await this.#ends(topic)
        return [key, { ...base, state: "sending", event, ends }]
      }),
    )
    await marks.write(sending)
    const results = await Promise.allSettled(open.map((item) => this.#sendOne(replay.id, item)))
    const settled = results.flatMap((result, index): (readonly [string, Mark])[] => {
      const { key, event } = open[index]!
      // What is unknown stays "sending": the next start looks for it in the log.
      return result.status === "fulfilled" ? [[key, { ...base, event, ...result.value }]] : []
    })
    const more = countsOf(settled.map(([, mark]) => mark))
    const next: Replay = {
      ...replay,
      accepted: replay.accepted + more.accepted,
      duplicates: replay.duplicates + more.duplicates,
      rejected: replay.rejected + more.rejected + (items.length - open.length),
    }
    await marks.write(settled, [next])
    const failed = results.find((result) => result.status === "rejected")
    if (failed !== undefined) throw failed.reason
    return next
  }

  /** Bytes and topic are null where they are gone. */
  async #ready({ key, event, corrected }: ReplayItem): Promise<ReadyItem> {
    const { topicOf, originalOf } = this.#parts
    return { key, event, topic: topicOf(event), bytes: corrected ?? (await originalOf(key, event)) }
  }

  async #sendOne(
    replay: string,
    { key, event, topic, bytes }: ReadyItem,
  ): Promise<Partial<Mark> & Pick<Mark, "state">> {
    if (topic === null || bytes === null) {
      const gone = topic === null ? `the project has no event ${event} any more` : "the log has it no more"
      return { state: "open", code: "row-gone", message: `the row could not be sent: ${gone}` }
    }
    const { accepted, duplicates, rejected, receipt } = await this.#ingest({
      // The door may free what it is given.
      ...{ event, body: new Uint8Array(bytes), framing: "json", source: "replay", onInvalid: "reject" },
      sourcePosition: positionOf(replay, key),
    })
    if (accepted === 1) return { state: "replayed", receipt }
    if (duplicates === 1) {
      const message =
        "the door knows a row with this id from within the event's dedup window, so this one was not taken"
      return { state: "open", receipt, code: "duplicate", message }
    }
    const [refused] = rejected
    return {
      state: "open",
      code: refused?.code ?? "not-taken",
      field: refused?.field ?? null,
      message: refused?.message ?? "the value holds no row, or more than one",
    }
  }

  /** Waits while the door is too busy, which takes nothing then. What is no JSON is refused like a row. */
  async #ingest(request: Parameters<ReplayDoor["ingest"]>[0]): ReturnType<ReplayDoor["ingest"]> {
    for (;;) {
      try {
        return await this.#parts.door.ingest(request)
      } catch (error) {
        if (isPlatformError(error, "body-not-json")) {
          const { code, message } = error
          return { accepted: 0, duplicates: 0, rejected: [{ code, field: null, message }], receipt: null }
        }
        if (!isPlatformError(error, "overloaded") || this.#stopping) throw error
        await new Promise<void>((resolve) => this.#parts.scheduler.after(BUSY_MS, resolve))
      }
    }
  }

  async #ends({ topic, partitions }: EventTopic): Promise<number[]> {
    const ranges = Array.from({ length: partitions }, (_, partition) =>
      this.#parts.log.range(topic, partition),
    )
    return (await Promise.all(ranges)).map(({ durableEnd }) => durableEnd)
  }

  /** Where the log has the row of a replay that was interrupted. */
  async #find(key: string, mark: Mark, { topic, partitions }: EventTopic): Promise<Mark["place"]> {
    const wanted = positionOf(mark.replay ?? "", key)
    for (let partition = 0; partition < partitions; partition++) {
      const { durableEnd } = await this.#parts.log.range(topic, partition)
      const span = { topic, partition, from: mark.ends?.[partition] ?? 0, until: durableEnd }
      for await (const { offset, sourcePosition } of readSpan(this.#parts.log, span, {
        readBytes: READ_BYTES,
      })) {
        if (sourcePosition === wanted) return { partition, offset }
      }
    }
    return null
  }
}

interface ReadyItem {
  readonly key: string
  readonly event: string
  readonly topic: EventTopic | null
  readonly bytes: Uint8Array | null
}

type Counts = Pick<Replay, "accepted" | "duplicates" | "rejected">

function countsOf(marks: readonly Mark[]): Counts {
  const count = (holds: (mark: Mark) => boolean) => marks.filter(holds).length
  return {
    accepted: count(({ state }) => state === "replayed"),
    duplicates: count(({ state, code }) => state === "open" && code === "duplicate"),
    rejected: count(({ state, code }) => state === "open" && code !== "duplicate"),
  }
}

/** What a replay has done so far, by its marks, and what it has left to do. */
function progressOf(
  { id }: Replay,
  items: readonly ReplayItem[],
  marks: ReplayMarks,
): { readonly counts: Counts; readonly left: readonly ReplayItem[]; readonly found: number } {
  const isDone = (mark: Mark | null) => mark !== null && mark.replay === id && mark.code !== INTERRUPTED
  const done = items.flatMap(({ key }) => {
    const mark = marks.mark(key)
    return isDone(mark) ? [mark!] : []
  })
  return {
    counts: countsOf(done),
    left: items.filter(({ key }) => !isDone(marks.mark(key))),
    found: [...marks.marks()].filter(([, mark]) => mark.replay === id && mark.place !== null).length,
  }
}

/** True for what nobody has sent or put aside. */
export function isOpen(mark: Mark | null): boolean {
  return mark === null || mark.state === "open"
}

function positionOf(replay: string, key: string): string {
  return `replay:${replay}/${key}`
}
