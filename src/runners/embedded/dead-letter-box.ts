/**
 * Keeps rows that do not fit, for events whose contract wants them kept: each becomes a record of the topic
 * `_dead_letters`, durable before the producer is answered. Counts them by event, in a way that a checkpoint
 * can go on from: what the topic has behind `end` is counted again at start.
 */

import type { EventContract } from "../../contracts/contract.ts"
import { DEAD_LETTER_TOPIC, decodeDeadLetter, encodeDeadLetter } from "../../contracts/dead-letter.ts"
import type { RejectedRow } from "../../contracts/decoder.ts"
import type { Log } from "../../log/log.ts"
import { readSpan, recordSetOf } from "../../log/stored-records.ts"
import type { Clock } from "../../std/clock.ts"
import type { IngestRequest, KeptRow } from "../runtime.ts"
import { rowFinder } from "./row-finder.ts"

/** Of one request; rows beyond it are refused, so that a request's letters stay within some megabytes. */
export const MAX_LETTERS_PER_REQUEST = 100_000
/** Rows that are too large are no letters: no record of the log could hold them. */
export const UNKEEPABLE = "row-too-large"
const READ_BYTES = 4 * 1024 * 1024

export interface LetterCounts {
  /** Letters before this offset are counted. */
  readonly end: number
  readonly byEvent: Readonly<Record<string, number>>
}

/** Whether rows of this request that do not fit are kept. */
export function keepsInvalid(contract: EventContract, request: IngestRequest): boolean {
  return (request.onInvalid ?? contract.onInvalid) === "dead-letter"
}

export class DeadLetterBox {
  readonly #log: Log
  readonly #clock: Clock
  readonly #counts: Map<string, number>
  #end: number
  #appending = 0
  #saved: LetterCounts

  private constructor(log: Log, clock: Clock, counts: LetterCounts) {
    this.#log = log
    this.#clock = clock
    this.#counts = new Map(Object.entries(counts.byEvent))
    this.#end = counts.end
    this.#saved = counts
  }

  /** @param known what a checkpoint has counted. */
  static async open(log: Log, clock: Clock, known: LetterCounts | null): Promise<DeadLetterBox> {
    await log.createTopic({ name: DEAD_LETTER_TOPIC, partitions: 1 })
    const { durableEnd } = await log.range(DEAD_LETTER_TOPIC, 0)
    const counts = new Map(Object.entries(known?.byEvent ?? {}))
    const span = { topic: DEAD_LETTER_TOPIC, partition: 0, from: known?.end ?? 0, until: durableEnd }
    for await (const { value } of readSpan(log, span, { readBytes: READ_BYTES })) {
      const { event } = decodeDeadLetter(value!)
      counts.set(event, (counts.get(event) ?? 0) + 1)
    }
    return new DeadLetterBox(log, clock, { end: durableEnd, byEvent: Object.fromEntries(counts) })
  }

  /** Letters of the event that are in the topic. */
  count(event: string): number {
    return this.#counts.get(event) ?? 0
  }

  /** Resolves when the rows are durable. They are in ascending order of their index. */
  async keep(
    event: string,
    rows: readonly RejectedRow[],
    { body, framing, source = "http" }: IngestRequest,
  ): Promise<readonly KeptRow[]> {
    if (rows.length === 0) return []
    const find = rowFinder(body, framing)
    const at = this.#clock.nowMs()
    const records = rows.map((row) => {
      return { value: encodeDeadLetter({ ...row, event, source, at, bytes: find(row.index) }) }
    })
    this.#appending++
    try {
      const request = { topic: DEAD_LETTER_TOPIC, partition: 0, records: recordSetOf(records) }
      const { baseOffset } = await this.#log.append(request)
      this.#counts.set(event, this.count(event) + rows.length)
      this.#end = Math.max(this.#end, baseOffset + rows.length)
      return rows.map((row, rank) => ({ ...row, id: String(baseOffset + rank) }))
    } finally {
      // Only when nothing is under way are all letters before the end counted.
      if (--this.#appending === 0) {
        this.#saved = { end: this.#end, byEvent: Object.fromEntries(this.#counts) }
      }
    }
  }

  save(): LetterCounts {
    return this.#saved
  }
}
