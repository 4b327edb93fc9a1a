/**
 * The ledger: which rows no view could use, and why. Its topic `_ledger` is read once at start, which makes
 * the index and says how far each history has come; from then on the writer keeps both up to date.
 *
 * A history begins with an engine that has run nothing. When the project changes, or a view is rebuilt from
 * the log, another history begins and judges all rows again; the rulings of the one before are not seen any
 * more, and go with retention. One that is taken up again (a change that is taken back) goes on where it was.
 * Views that a change leaves as they were are inherited by the new history with all that was ruled on them.
 */
import type { Log } from "../../log/log.ts"
import { readSpan } from "../../log/stored-records.ts"
import type { EpochOutput, Inheritance } from "../../ports/epoch-output.ts"
import type { Scheduler } from "../../std/clock.ts"
import { decodeLedgerRecord, type LedgerRecord } from "./ledger-codec.ts"
import { LedgerIndex } from "./ledger-index.ts"
import { LedgerReader } from "./ledger-reader.ts"
import { type HistoryEnd, LEDGER_TOPIC, LedgerWriter } from "./ledger-writer.ts"
import { Sight } from "./sight.ts"

const HOLDER = "ledger"
/** What is not needed any more goes when the topic is larger. */
const RETENTION_BYTES = 16 * 1024 * 1024
const READ_BYTES = 4 * 1024 * 1024
/** Marks after which no checkpoint of an earlier history is left: two checkpoints are kept. */
const MARKS_OF_KEPT_CHECKPOINTS = 3

export interface OpenLedgerOptions {
  readonly log: Log
  readonly scheduler: Scheduler
  /**
   * The oldest row of a partition that readers may ask for. @default where the log begins; with a lake, where
   * the lake does
   */
  readonly historyBegin?: (topic: string, partition: number) => Promise<number>
  /** Told when the ledger's own topic could not be shortened. */
  readonly onUpkeepFailed?: (error: unknown) => void
}

export interface Ledger {
  /** For the runner. */
  readonly output: EpochOutput
  readonly reader: LedgerReader
}

/** Takes the topic over from any earlier process. */
export async function openLedger(options: OpenLedgerOptions): Promise<Ledger> {
  const { log, scheduler } = options
  await log.createTopic({ name: LEDGER_TOPIC, partitions: 1, retentionBytes: RETENTION_BYTES })
  const token = await log.openWriter(LEDGER_TOPIC)
  const { begin, durableEnd } = await log.range(LEDGER_TOPIC, 0)
  await log.hold(HOLDER, LEDGER_TOPIC, 0, begin)
  const shelf = new LedgerShelf(options, durableEnd)
  const span = { topic: LEDGER_TOPIC, partition: 0, from: begin, until: durableEnd }
  for await (const { offset, value } of readSpan(log, span, { readBytes: READ_BYTES })) {
    if (value !== null) shelf.learn(offset, decodeLedgerRecord(value))
  }
  const writer = new LedgerWriter({
    ...{ log, scheduler, writer: token, begin },
    ends: shelf.ends,
    current: shelf.current,
    onBegin: (history, inherits) => shelf.choose(history, inherits),
    onStored: (offset, record) => shelf.stored(offset, record),
    floor: () => shelf.floor,
  })
  return { output: writer, reader: new LedgerReader(log, writer, shelf) }
}

/** What is known of the topic, by history until one is chosen. */
class LedgerShelf {
  readonly ends = new Map<number, HistoryEnd>()
  /** Of the newest begin in the topic. */
  current = 0
  floor: number
  index = new LedgerIndex()
  sight = Sight.of(0, null, null)
  readonly #options: OpenLedgerOptions
  readonly #indexes = new Map<number, LedgerIndex>()
  #end: number
  #marks = 0
  #tidying = false

  constructor(options: OpenLedgerOptions, end: number) {
    this.#options = options
    this.#end = end
    this.floor = end
  }

  learn(offset: number, record: LedgerRecord): void {
    const { history } = record
    const end = this.ends.get(history) ?? NO_END
    if (record.kind === "ruling") this.#indexOf(history).add(offset, record)
    if (record.kind === "inherit") this.#indexes.set(history, this.#inherited(record.from))
    if (record.kind === "begin") this.current = history
    this.ends.set(history, nextEnd(end, record))
  }

  choose(history: number, inherits: Inheritance | null): void {
    if (inherits !== null) this.#indexes.set(history, this.#inherited(inherits))
    this.index = this.#indexOf(history)
    this.floor = this.ends.get(inherits?.history ?? history)?.floor ?? this.#end
    const before = inherits === null ? null : this.#sightOf(inherits.history)
    this.sight = inherits === null ? this.#sightOf(history) : Sight.of(history, inherits, before)
    this.#indexes.clear()
  }

  #inherited({ history, views }: Inheritance): LedgerIndex {
    return this.#indexOf(history).inherited(new Set(views))
  }

  #sightOf(history: number): Sight {
    const inherits = this.ends.get(history)?.inherits ?? null
    return Sight.of(history, inherits, inherits === null ? null : this.#sightOf(inherits.history))
  }

  stored(offset: number, record: LedgerRecord): void {
    this.#end = offset + 1
    if (record.kind === "ruling") this.index.add(offset, record)
    if (record.kind !== "mark") return
    this.#marks++
    if (this.#marks >= MARKS_OF_KEPT_CHECKPOINTS && !this.#tidying) void this.#tidy(record.floor)
  }

  /** The topic keeps what speaks of rows that somebody can still read. */
  async #tidy(markedFloor: number): Promise<void> {
    this.#tidying = true
    const { log, onUpkeepFailed } = this.#options
    const historyBegin = this.#options.historyBegin ?? (async (...place) => (await log.range(...place)).begin)
    try {
      const end = this.#end
      const begins = new Map<string, number>()
      for (const { topic, partition } of this.index.places()) {
        begins.set(`${topic}/${partition}`, await historyBegin(topic, partition))
      }
      const begin = (topic: string, partition: number) => begins.get(`${topic}/${partition}`) ?? 0
      // What may go is first said by a mark, so that a start can tell it from a loss.
      await log.hold(HOLDER, LEDGER_TOPIC, 0, markedFloor)
      this.floor = Math.max(this.floor, this.index.forgetBefore(begin, end))
    } catch (error) {
      onUpkeepFailed?.(error)
    } finally {
      this.#tidying = false
    }
  }

  #indexOf(history: number): LedgerIndex {
    const index = this.#indexes.get(history) ?? new LedgerIndex()
    this.#indexes.set(history, index)
    return index
  }
}

const NO_END: HistoryEnd = { generation: "", epoch: 0, partial: null, floor: 0, inherits: null }

function nextEnd(end: HistoryEnd, record: LedgerRecord): HistoryEnd {
  const { epoch } = record
  if (record.kind === "inherit") return { ...end, inherits: record.from }
  if (record.kind === "begin") return { ...end, generation: record.generation, floor: record.floor }
  if (record.kind === "mark") return { ...end, epoch: Math.max(end.epoch, epoch), floor: record.floor }
  if (record.rest === 0) return { ...end, epoch, partial: null }
  return { ...end, partial: { epoch, parts: record.part + 1 } }
}
