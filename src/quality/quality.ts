/**
 * What became of rows that are in no answer, and what can be done about them: dead letters, late and failed
 * rows, replays. One face for the doors; null parts of a request were checked there.
 */

import type { EventContract } from "../contracts/contract.ts"
import { DEAD_LETTER_TOPIC } from "../contracts/dead-letter.ts"
import type { Log } from "../log/log.ts"
import { readSpan } from "../log/stored-records.ts"
import type { ExcludedRequest, ExcludedRow, VerdictLedgerReader } from "../ports/verdict-ledger.ts"
import type { Clock, Scheduler } from "../std/clock.ts"
import { DeadLetterShelf, type ShelvedLetter } from "./dead-letters/dead-letter-shelf.ts"
import { letterClosed, nothingToReplay, rowGone, tooManyToReplay, unknownLetter } from "./errors.ts"
import { pageRecords } from "./page-records.ts"
import type { ReplayItem } from "./replays/replay-items.ts"
import { letterKey, type Mark, type Replay, ReplayMarks, rowKey } from "./replays/replay-marks.ts"
import { isOpen, type ReplayDoor, Replayer } from "./replays/replayer.ts"

/** Of one replay: what is held in memory while it runs. */
export const MAX_REPLAY_ROWS = 100_000

export interface OpenQualityOptions {
  readonly log: Log
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly contracts: readonly EventContract[]
  readonly ledger: VerdictLedgerReader
  readonly door: ReplayDoor
  readonly onFailed: (error: unknown) => void
}

/** A late or failed row with its text, where the log still has it. */
export interface LeftOutRow extends ExcludedRow {
  readonly event: string | null
  readonly appendedAtMs: number | null
  readonly value: Uint8Array | null
  readonly mark: Mark | null
}

export interface RowToReplay {
  readonly event: string
  readonly partition: number
  readonly offset: number
  /** Null: as it is in the log. */
  readonly value: Uint8Array | null
}

export interface LetterToReplay {
  readonly id: string
  /** Null: as it was sent. */
  readonly value: Uint8Array | null
}

export class Quality implements AsyncDisposable {
  readonly letters: DeadLetterShelf
  readonly #options: OpenQualityOptions
  readonly #contracts: ReadonlyMap<string, EventContract>
  readonly #marks: ReplayMarks
  readonly #replayer: Replayer

  private constructor(options: OpenQualityOptions, marks: ReplayMarks) {
    this.#options = options
    this.#contracts = new Map(options.contracts.map((contract) => [contract.name, contract]))
    this.#marks = marks
    this.letters = new DeadLetterShelf(options.log, marks)
    this.#replayer = new Replayer({
      ...{ ...options, marks },
      topicOf: (event) => this.#contracts.get(event) ?? null,
      originalOf: (key, event) => this.#original(key, event),
    })
  }

  static async open(options: OpenQualityOptions): Promise<Quality> {
    await options.log.createTopic({ name: DEAD_LETTER_TOPIC, partitions: 1 })
    const quality = new Quality(options, await ReplayMarks.open(options.log))
    await quality.#replayer.recover()
    return quality
  }

  /** Newest first. */
  replays(): readonly Replay[] {
    return this.#marks.replays()
  }

  replay(id: string): Replay | null {
    return this.#marks.replay(id)
  }

  /** What the replay did to each letter and row, by their key. */
  marksOf(replay: string): readonly (readonly [key: string, mark: Mark])[] {
    return [...this.#marks.marks()].filter(([, mark]) => mark.replay === replay)
  }

  /** What was done to a letter or row, by its key; null when nothing was. */
  mark(key: string): Mark | null {
    return this.#marks.mark(key)
  }

  /** No replay is under way any more. */
  whenIdle(): Promise<void> {
    return this.#replayer.idle()
  }

  /** What was done to a row of the log; null when nothing was. */
  markOf(place: {
    readonly topic: string
    readonly partition: number
    readonly offset: number
  }): Mark | null {
    return this.#marks.mark(rowKey(place))
  }

  /**
   * Late or failed rows of a view, of all epochs up to `epoch` at least. A page whose rows lie far apart in
   * the log has fewer than were asked for, and a cursor.
   * @throws PlatformError cursor-invalid
   */
  async leftOut(
    request: ExcludedRequest,
    epoch: number,
  ): Promise<{ rows: readonly LeftOutRow[]; cursor: string | null }> {
    await this.#options.ledger.whenDurable(epoch)
    const page = await this.#options.ledger.page(request)
    const records = await pageRecords(this.#options.log, page.rows)
    const rows = records.map((record, rank): LeftOutRow => {
      const row = page.rows[rank]!
      const { event = null, appendTimeMs = null, value = null } = record ?? {}
      return { ...row, event, appendedAtMs: appendTimeMs, value, mark: this.#marks.mark(rowKey(row)) }
    })
    return { rows, cursor: rows.length === 0 ? null : page.cursorAfter(rows.length) }
  }

  /** @throws PlatformError unknown-dead-letter, dead-letter-closed */
  async discard(id: string): Promise<ShelvedLetter> {
    const letter = await this.#openLetter(id)
    const mark: Mark = {
      ...{
        state: "discarded",
        event: letter.event,
        at: this.#options.clock.nowMs(),
        replay: null,
        receipt: null,
      },
      ...{ place: null, code: null, field: null, message: null, ends: null },
    }
    await this.#marks.write([[letterKey(id), mark]])
    return { ...letter, state: "discarded", mark }
  }

  /** @throws PlatformError unknown-dead-letter, dead-letter-closed, nothing-to-replay, too-many-to-replay */
  async replayLetters(letters: readonly LetterToReplay[]): Promise<Replay> {
    const items: ReplayItem[] = []
    for (const { id, value } of letters) {
      const letter = await this.#openLetter(id)
      items.push(this.#item(letterKey(id), letter.event, value))
    }
    return this.#begin(items)
  }

  /** All open letters of an event, as they were sent. */
  async replayAll(event: string): Promise<Replay> {
    const letters = await this.letters.openIds(event, MAX_REPLAY_ROWS)
    return this.#begin(letters.map((id) => this.#item(letterKey(id), event, null)))
  }

  /** Rows of the log once more, as new events. @throws PlatformError row-gone, dead-letter-closed */
  async replayRows(rows: readonly RowToReplay[]): Promise<Replay> {
    const items: ReplayItem[] = []
    for (const { event, partition, offset, value } of rows) {
      const { topic } = this.#contract(event)
      const place = { topic, partition, offset }
      const mark = this.#marks.mark(rowKey(place))
      if (!isOpen(mark)) throw letterClosed(`The row ${topic}/${partition}@${offset}`, mark!)
      const logged = await this.#record(place)
      const isOther = logged !== null && logged.event !== event
      const isKnown = !isOther && (value !== null || (logged?.value ?? null) !== null)
      if (!isKnown) throw rowGone(event, partition, offset)
      items.push(this.#item(rowKey(place), event, value))
    }
    return this.#begin(items)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#replayer.stop()
  }

  async #begin(items: readonly ReplayItem[]): Promise<Replay> {
    const once = [...new Map(items.map((item) => [item.key, item])).values()]
    if (once.length === 0) throw nothingToReplay()
    if (once.length > MAX_REPLAY_ROWS) throw tooManyToReplay(once.length, MAX_REPLAY_ROWS)
    return this.#replayer.begin(once)
  }

  async #openLetter(id: string): Promise<ShelvedLetter> {
    const letter = await this.letters.letter(id)
    if (letter === null) throw unknownLetter(id)
    if (!isOpen(letter.mark)) throw letterClosed(`Dead letter ${id}`, letter.mark!)
    return letter
  }

  #item(key: string, event: string, corrected: Uint8Array | null): ReplayItem {
    this.#contract(event)
    return { key, event, corrected }
  }

  /** What a mark is of, as it was sent first. */
  async #original(key: string, event: string): Promise<Uint8Array | null> {
    const letter = /^letter\/(\d+)$/.exec(key)?.[1]
    if (letter !== undefined) return (await this.letters.letter(letter))?.bytes ?? null
    const [, topic, partition, offset] = /^row\/(.+)\/(\d+)\/(\d+)$/.exec(key) ?? []
    const logged = await this.#record({
      topic: topic ?? "",
      partition: Number(partition),
      offset: Number(offset),
    })
    return logged?.event === event ? logged.value : null
  }

  #contract(event: string): EventContract {
    const contract = this.#contracts.get(event)
    if (contract === undefined)
      throw unknownLetter(`of event ${event}, which the project does not have any more`)
    return contract
  }

  async #record({ topic, partition, offset }: { topic: string; partition: number; offset: number }) {
    const span = { topic, partition, from: offset, until: offset + 1 }
    for await (const record of readSpan(this.#options.log, span, { readBytes: 1 })) return record
    return null
  }
}
