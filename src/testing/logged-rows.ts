/** What the log of a simulated runtime holds, read again and again: an offset must never show another row. */
import type { Log } from "../log/log.ts"
import { readRecords } from "../runners/embedded/history.ts"
import { CONTRACTS, type SimEvent } from "./runtime-project.ts"

export interface LoggedRow {
  readonly event: SimEvent
  readonly partition: number
  readonly offset: number
  readonly appendTimeMs: number
  readonly text: string
  readonly id: bigint
  readonly atUs: bigint
  /** The shop or the visitor. */
  readonly name: string
  /** The amount or the pages. */
  readonly amount: number
}

/** Rows that a replay has sent have ids from here on, producers' rows lower ones. */
export const FIRST_REPLAYED_ID = 1_000_000_000n

/** A row that no producer has sent. */
export function isReplayed({ id }: LoggedRow): boolean {
  return id >= FIRST_REPLAYED_ID
}

export class LoggedRows {
  readonly #rows = new Map<string, LoggedRow[]>()
  readonly #broken: (law: string) => never

  constructor(broken: (law: string) => never) {
    this.#broken = broken
  }

  /** Reads everything, from the begin or from where the last reading ended. */
  async read(log: Log, from: "begin" | "end"): Promise<void> {
    for (const { name, topic, partitions } of CONTRACTS) {
      for (let partition = 0; partition < partitions; partition++) {
        if (log.topic(topic) === undefined) continue
        await this.#readPartition(log, { event: name as SimEvent, topic, partition }, from)
      }
    }
  }

  all(event: SimEvent): readonly LoggedRow[] {
    return [...this.#rows].flatMap(([key, rows]) => (key.startsWith(`${event}/`) ? rows : []))
  }

  between(event: SimEvent, partition: number, from: number, to: number): readonly LoggedRow[] {
    const rows = this.#of(event, partition).slice(from, to)
    if (rows.length !== to - from) this.#broken(`${event}/${partition} has no rows up to ${to}`)
    return rows
  }

  #of(event: SimEvent, partition: number): LoggedRow[] {
    const key = `${event}/${partition}`
    const rows = this.#rows.get(key) ?? []
    this.#rows.set(key, rows)
    return rows
  }

  async #readPartition(
    log: Log,
    { event, topic, partition }: { event: SimEvent; topic: string; partition: number },
    from: "begin" | "end",
  ): Promise<void> {
    const known = this.#of(event, partition)
    const { durableEnd } = await log.range(topic, partition)
    if (durableEnd < known.length)
      this.#broken(`${event}/${partition} ends at ${durableEnd}, rows up to ${known.length} were read`)
    let offset = from === "begin" ? 0 : known.length
    while (offset < durableEnd) {
      const { batches, nextOffset } = await log.read({ topic, partition, offset, maxBytes: 1 << 20 })
      for (const record of readRecords(batches)) {
        if (record.offset < offset || record.offset >= durableEnd) continue
        const row = rowOf(event, partition, record.offset, record.appendTimeMs, record.value)
        const earlier = known[record.offset]
        if (earlier === undefined) known.push(row)
        else if (earlier.text !== row.text || earlier.appendTimeMs !== row.appendTimeMs) {
          this.#broken(`${event}/${partition}@${row.offset} was ${earlier.text} and is ${row.text}`)
        }
      }
      if (nextOffset <= offset) this.#broken(`a read of ${event}/${partition} at ${offset} does not advance`)
      offset = nextOffset
    }
    if (known.length !== durableEnd)
      this.#broken(`${event}/${partition} has ${known.length} rows, not ${durableEnd}`)
  }
}

function rowOf(
  event: SimEvent,
  partition: number,
  offset: number,
  appendTimeMs: number,
  value: Uint8Array | null,
): LoggedRow {
  const text = Buffer.from(value ?? []).toString("utf8")
  const { id, at, shop, amount, visitor, pages } = JSON.parse(text)
  return {
    event,
    partition,
    offset,
    appendTimeMs,
    text,
    id: BigInt(id),
    atUs: microsOf(at),
    name: event === "sale" ? shop : visitor,
    amount: event === "sale" ? amount : pages,
  }
}

/** Of a time as the producer writes it: always with six digits behind the point. */
function microsOf(at: string): bigint {
  return BigInt(Date.parse(`${at.slice(0, 23)}Z`)) * 1000n + BigInt(at.slice(23, 26))
}

export function timeText(us: bigint): string {
  const text = new Date(Number(us / 1000n)).toISOString()
  return `${text.slice(0, 23)}${String(us % 1000n).padStart(3, "0")}Z`
}
