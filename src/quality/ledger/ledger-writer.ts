/**
 * Writes the ledger as an output of epochs with a durable epoch of its own. Epochs wait in a queue and go to
 * the log one append at a time, so that what is durable is always a prefix; after a crash the epochs run
 * again, and what the ledger has of them is skipped. Nobody waits for it unless the queue is full.
 */
import type { Log, WriterToken } from "../../log/log.ts"
import { recordSetOf } from "../../log/stored-records.ts"
import type { EpochOutcome, EpochOutput, HistoryStart, Inheritance } from "../../ports/epoch-output.ts"
import { assert } from "../../std/assert.ts"
import type { Scheduler } from "../../std/clock.ts"
import { isPlatformError } from "../../std/errors.ts"
import { ledgerStopped } from "../errors.ts"
import { encodeLedgerRecord, type LedgerRecord } from "./ledger-codec.ts"
import { rulingsOf } from "./rulings-of.ts"

export const LEDGER_TOPIC = "_ledger"

/** Bytes that wait to be written: more than a second's worth; beyond it epochs wait. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024
/** One append: large enough to share a sync, small enough to be one batch of the log. */
const MAX_APPEND_BYTES = 512 * 1024
/** When the log's queue is full. */
const RETRY_MS = 20

/** How far a history has come in the topic. */
export interface HistoryEnd {
  readonly generation: string
  /** All of its epochs up to this one are there. */
  readonly epoch: number
  /** The epoch behind it whose writing was cut off: so many of its rulings are there. */
  readonly partial: { readonly epoch: number; readonly parts: number } | null
  /** Ledger offsets before it are not needed. */
  readonly floor: number
  readonly inherits: Inheritance | null
}

export interface LedgerWriterParts {
  readonly log: Log
  readonly scheduler: Scheduler
  readonly writer: WriterToken
  readonly ends: ReadonlyMap<number, HistoryEnd>
  /** The history of the topic's newest begin; 0: none. */
  readonly current: number
  /** First offset of the topic that still exists. */
  readonly begin: number
  /** `inherits` is of a history that the topic does not know yet. */
  readonly onBegin: (history: number, inherits: Inheritance | null) => void
  readonly onStored: (offset: number, record: LedgerRecord) => void
  /** The oldest ledger offset that readers need. */
  readonly floor: () => number
}

interface Queued {
  readonly record: LedgerRecord
  readonly bytes: Uint8Array
}

export class LedgerWriter implements EpochOutput {
  readonly #parts: LedgerWriterParts
  #start: HistoryStart | null = null
  #history = 0
  /** What the topic has of the history, from before this process. */
  #known: Pick<HistoryEnd, "epoch" | "partial"> = { epoch: 0, partial: null }
  #published = 0
  /** Epochs up to this one are stored, and a restart will know it. */
  #marked = 0
  /** Epochs up to this one can be read. */
  #durable = 0
  #queue: Queued[] = []
  #queuedBytes = 0
  #writing = false
  #failure: Error | null = null
  #waiting: {
    readonly holds: () => boolean
    readonly resolve: () => void
    readonly reject: (e: Error) => void
  }[] = []

  constructor(parts: LedgerWriterParts) {
    this.#parts = parts
  }

  get history(): number {
    return this.#history
  }

  get durableEpoch(): number {
    return this.#durable
  }

  covers(history: number, epoch: number): boolean {
    const end = this.#parts.ends.get(history)
    return end !== undefined && end.epoch >= epoch && this.#parts.begin <= end.floor
  }

  begin(start: HistoryStart): void {
    assert(this.#start === null, "a history begins once in a process")
    this.#start = start
    this.#published = start.epoch
    if (start.history !== null) this.#enter(start.history, start.generation)
    this.#durable = Math.max(start.epoch, this.#known.epoch)
  }

  publish(outcome: EpochOutcome): void {
    assert(this.#start !== null, "a history has begun")
    const { epoch } = outcome
    if (this.#history === 0) this.#enter(epoch, this.#start.generation)
    assert(epoch > this.#published, "epochs are published in their order")
    this.#published = epoch
    if (epoch > this.#known.epoch) {
      const { partial } = this.#known
      const has = epoch === partial?.epoch ? partial.parts : 0
      for (const ruling of rulingsOf(this.#history, outcome)) if (ruling.part >= has) this.#push(ruling)
    }
    if (this.#queue.length === 0) this.#settle()
    else void this.#write()
  }

  room(): Promise<void> | null {
    if (this.#failure === null && this.#queuedBytes <= MAX_QUEUED_BYTES) return null
    return this.#when(() => this.#queuedBytes <= MAX_QUEUED_BYTES)
  }

  async whenDurable(epoch: number): Promise<void> {
    assert(epoch <= this.#published, "an epoch was published before its ledger is waited for")
    if (this.#marked < epoch && this.#history > 0) {
      this.#push({ kind: "mark", history: this.#history, epoch: this.#published, floor: this.#parts.floor() })
      void this.#write()
    }
    await this.#when(() => this.#marked >= epoch)
  }

  /**
   * Resolves when the epoch's rulings can be read; unlike whenDurable it does not wait for a restart's mark.
   */
  whenReadable(epoch: number): Promise<void> {
    return this.#when(() => this.#durable >= epoch)
  }

  #enter(history: number, generation: string): void {
    this.#history = history
    const end = this.#parts.ends.get(history)
    this.#known = { epoch: end?.epoch ?? 0, partial: end?.partial ?? null }
    this.#marked = this.#known.epoch
    const inherits = end === undefined ? this.#start!.inherits : null
    this.#parts.onBegin(history, inherits)
    if (this.#parts.current === history) return
    const floor = end?.floor ?? this.#parts.floor()
    const stamp = { history, epoch: this.#known.epoch }
    this.#push({ kind: "begin", ...stamp, floor, generation })
    if (inherits !== null) this.#push({ kind: "inherit", ...stamp, from: inherits })
    void this.#write()
  }

  #push(record: LedgerRecord): void {
    const bytes = encodeLedgerRecord(record)
    this.#queue.push({ record, bytes })
    this.#queuedBytes += bytes.length
  }

  async #write(): Promise<void> {
    if (this.#writing) return
    this.#writing = true
    try {
      while (this.#queue.length > 0) await this.#append(this.#next())
    } catch (error) {
      this.#fail(ledgerStopped(error))
    } finally {
      this.#writing = false
    }
  }

  #next(): readonly Queued[] {
    let bytes = 0
    let count = 0
    for (const item of this.#queue) {
      if (count > 0 && bytes + item.bytes.length > MAX_APPEND_BYTES) break
      bytes += item.bytes.length
      count++
    }
    return this.#queue.slice(0, count)
  }

  async #append(items: readonly Queued[]): Promise<void> {
    const { log, writer, scheduler } = this.#parts
    const records = recordSetOf(items.map(({ bytes }) => ({ value: bytes })))
    try {
      const { baseOffset } = await log.append({ topic: LEDGER_TOPIC, partition: 0, records, writer })
      this.#queue = this.#queue.slice(items.length)
      for (const [index, { record, bytes }] of items.entries()) {
        this.#queuedBytes -= bytes.length
        this.#stored(baseOffset + index, record)
      }
      this.#settle()
    } catch (error) {
      if (!isPlatformError(error, "log-full")) throw error
      await new Promise<void>((resolve) => scheduler.after(RETRY_MS, resolve))
    }
  }

  #stored(offset: number, record: LedgerRecord): void {
    this.#parts.onStored(offset, record)
    if (record.kind === "mark") this.#marked = record.epoch
    if (record.kind === "ruling" && record.rest === 0) this.#marked = record.epoch
  }

  #settle(): void {
    const waits = this.#queue.find(({ record }) => record.kind === "ruling")
    const stored = waits === undefined ? this.#published : waits.record.epoch - 1
    this.#durable = Math.max(this.#durable, stored)
    const waiting = this.#waiting
    this.#waiting = []
    for (const one of waiting) {
      if (one.holds()) one.resolve()
      else this.#waiting.push(one)
    }
  }

  #fail(failure: Error): void {
    this.#failure = failure
    for (const { reject } of this.#waiting) reject(failure)
    this.#waiting = []
  }

  #when(holds: () => boolean): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    if (holds()) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ holds, resolve, reject }))
  }
}
