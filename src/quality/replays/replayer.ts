/**
 * Sends corrected rows back through the same door as any producer, and marks where they came from.
 *
 *   mark "sending" (durable) -> ingest -> mark "replayed" with the receipt, or "open" with the new reason
 *
 * Each row carries in the log which replay and which letter it is of. So after a crash in between the log
 * itself says whether it was sent: nothing is sent twice, and nothing is called sent that is not there.
 */
import type { Log } from "../../log/log.ts"
import { readSpan } from "../../log/stored-records.ts"
import type { Clock, Scheduler } from "../../std/clock.ts"
import { isPlatformError } from "../../std/errors.ts"
import type { Mark, Replay, ReplayMarks } from "./replay-marks.ts"

/** Rows on their way at once: they share a sync. */
const CHUNK_ROWS = 200
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

/** One row to send. */
export interface ReplayItem {
  /** Of its mark. */
  readonly key: string
  readonly event: string
  readonly topic: string
  readonly partitions: number
  readonly bytes: Uint8Array
}

export interface ReplayerParts {
  readonly log: Log
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly marks: ReplayMarks
  readonly door: ReplayDoor
  /** A replay could not go on. */
  readonly onFailed: (error: unknown) => void
}

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
  async recover(topicOf: (event: string) => { readonly topic: string; readonly partitions: number } | null) {
    const { marks, clock } = this.#parts
    const at = clock.nowMs()
    const settled: (readonly [string, Mark])[] = []
    for (const [key, mark] of marks.marks()) {
      if (mark.state !== "sending") continue
      const topic = topicOf(mark.event)
      const place = topic === null ? null : await this.#find(key, mark, topic)
      const message = "the replay was interrupted before the row was sent"
      const open = { code: "interrupted", message }
      const result =
        place === null ? { state: "open" as const, ...open } : { state: "replayed" as const, place }
      settled.push([key, { ...mark, ...NOTHING, at, ...result }])
    }
    const interrupted = marks
      .replays()
      .filter(({ status }) => status === "running")
      .map((replay): Replay => {
        const found = settled.filter(
          ([, mark]) => mark.replay === replay.id && mark.state === "replayed",
        ).length
        return { ...replay, status: "interrupted", finishedAt: at, accepted: replay.accepted + found }
      })
    await marks.write(settled, interrupted)
  }

  /** Begins a replay; it goes on behind the answer. Resolves when it is durable that it was asked for. */
  async begin(items: readonly ReplayItem[]): Promise<Replay> {
    const { marks, clock } = this.#parts
    const replay: Replay = {
      ...{ id: marks.nextId(), status: "running", createdAt: clock.nowMs(), finishedAt: null },
      ...{ total: items.length, accepted: 0, duplicates: 0, rejected: 0, error: null },
    }
    await marks.write([], [replay])
    this.#running = this.#running.then(() => this.#run(replay, items))
    return replay
  }

  /** Stops between two chunks. */
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
      await marks.write([], [{ ...replay, status: "done", finishedAt: clock.nowMs() }])
    } catch (error) {
      onFailed(error)
      const text = error instanceof Error ? error.message : String(error)
      const failed: Replay = { ...replay, status: "failed", finishedAt: clock.nowMs(), error: text }
      // When not even this can be written, the next start says "interrupted".
      await marks.write([], [failed]).catch(onFailed)
    }
  }

  async #send(replay: Replay, items: readonly ReplayItem[]): Promise<Replay> {
    const { marks, clock } = this.#parts
    // A letter may have been asked for twice: the first replay has it.
    const open = items.filter(({ key }) => isOpen(marks.mark(key)))
    const base = { at: clock.nowMs(), replay: replay.id, ...NOTHING }
    const sending = await Promise.all(
      open.map(async ({ key, event, topic, partitions }): Promise<readonly [string, Mark]> => {
        return [key, { ...base, state: "sending", event, ends: await this.#ends(topic, partitions) }]
      }),
    )
    await marks.write(sending)
    const results = await Promise.allSettled(open.map((item) => this.#sendOne(replay.id, item)))
    const settled = results.flatMap((result, index): (readonly [string, Mark])[] => {
      const { key, event } = open[index]!
      // What is unknown stays "sending": the next start looks for it in the log.
      return result.status === "fulfilled" ? [[key, { ...base, event, ...result.value }]] : []
    })
    const count = (holds: (mark: Mark) => boolean) => settled.filter(([, mark]) => holds(mark)).length
    const next: Replay = {
      ...replay,
      accepted: replay.accepted + count(({ state }) => state === "replayed"),
      duplicates: replay.duplicates + count(({ code }) => code === "duplicate"),
      rejected:
        replay.rejected +
        count(({ state, code }) => state === "open" && code !== "duplicate") +
        (items.length - open.length),
    }
    await marks.write(settled, [next])
    const failed = results.find((result) => result.status === "rejected")
    if (failed !== undefined) throw failed.reason
    return next
  }

  async #sendOne(
    replay: string,
    { key, event, bytes }: ReplayItem,
  ): Promise<Partial<Mark> & Pick<Mark, "state">> {
    const { accepted, duplicates, rejected, receipt } = await this.#ingest({
      ...{ event, body: bytes, framing: "json", source: "replay", onInvalid: "reject" },
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

  async #ends(topic: string, partitions: number): Promise<number[]> {
    const ranges = Array.from({ length: partitions }, (_, partition) =>
      this.#parts.log.range(topic, partition),
    )
    return (await Promise.all(ranges)).map(({ durableEnd }) => durableEnd)
  }

  /** Where the log has the row of a replay that was interrupted. */
  async #find(
    key: string,
    mark: Mark,
    { topic, partitions }: { readonly topic: string; readonly partitions: number },
  ): Promise<Mark["place"]> {
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

/** True for what nobody has sent or put aside. */
export function isOpen(mark: Mark | null): boolean {
  return mark === null || mark.state === "open"
}

function positionOf(replay: string, key: string): string {
  return `replay:${replay}/${key}`
}
