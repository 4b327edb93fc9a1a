/**
 * Sessions of one GROUP BY as a bag of rows that is sorted and cut again whenever somebody asks. A row is
 * late when the session it would be in is gone.
 */
import type { AggregateSpec } from "../dataflow.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import { Bag } from "./bag.ts"
import type { Row } from "./batches.ts"
import { rowKey } from "./batches.ts"

export interface NaiveSessionRow {
  readonly sessionKey: string
  readonly time: bigint
  /** The group's keys; what stands where bounds belong is ignored. */
  readonly keys: Row
  readonly args: Row
}

interface Place {
  readonly sessionKey: string
  readonly first: bigint
  readonly last: bigint
}

export interface NaiveSession extends Place {
  readonly rows: readonly NaiveSessionRow[]
}

export class NaiveSessions {
  readonly #spec: AggregateSpec
  readonly #gap: bigint
  #rows: NaiveSessionRow[] = []
  /** As of the last epoch, for rows that several routes judge. */
  #settled: readonly NaiveSessionRow[] = []
  #gone: Place[] = []
  /** By key with sessions: rows up to here were over when the first of them began. */
  readonly #closedUs = new Map<string, bigint>()
  #watermark = NO_WATERMARK

  constructor(spec: AggregateSpec) {
    this.#spec = spec
    this.#gap = spec.session!.gapUs
  }

  isLate(row: NaiveSessionRow, { settled }: { readonly settled: boolean }): boolean {
    const reaches = ({ sessionKey, first, last }: Place) =>
      sessionKey === row.sessionKey && row.time >= first - this.#gap && row.time <= last + this.#gap
    if (this.#gone.some(reaches)) return true
    if (row.time <= (this.#closedUs.get(row.sessionKey) ?? NO_WATERMARK)) return true
    if (this.#cut(settled ? this.#settled : this.#rows).some(reaches)) return false
    return this.#isOver(row.time + this.#gap)
  }

  add(row: NaiveSessionRow): void {
    const isFirst = !this.#rows.some(({ sessionKey }) => sessionKey === row.sessionKey)
    if (isFirst && this.#watermark !== NO_WATERMARK)
      this.#closedUs.set(row.sessionKey, this.#watermark - this.#spec.allowedLatenessUs - this.#gap)
    this.#rows.push(row)
  }

  /** False when there is no such row. */
  remove(row: NaiveSessionRow): boolean {
    const text = textOf(row)
    const at = this.#rows.findIndex((other) => textOf(other) === text)
    if (at >= 0) this.#rows.splice(at, 1)
    return at >= 0
  }

  /** Ends an epoch: all sessions, and which of them are gone from now on. */
  settle(watermark: bigint): { readonly session: NaiveSession; readonly isGone: boolean }[] {
    this.#watermark = watermark
    const all = this.#cut(this.#rows).map((session) => {
      return { session, isGone: this.#isOver(session.last + this.#gap) }
    })
    for (const { session, isGone } of all) {
      if (!isGone) continue
      this.#gone.push(session)
      this.#rows = this.#rows.filter((row) => !session.rows.includes(row))
    }
    this.#settled = [...this.#rows]
    return all
  }

  groups({ rows, first, last }: NaiveSession): { readonly keys: Row; readonly args: Bag }[] {
    const { start, end } = this.#spec.windowKeys!
    const groups = new Map<string, { keys: Row; args: Bag }>()
    for (const { keys, args } of rows) {
      const bounded = keys.map((key, k) => (k === start ? first : k === end ? last + this.#gap : key))
      const group = groups.get(rowKey(bounded)) ?? { keys: bounded, args: new Bag() }
      groups.set(rowKey(bounded), group)
      group.args.add(args, 1)
    }
    return [...groups.values()]
  }

  #isOver(end: bigint): boolean {
    return this.#watermark !== NO_WATERMARK && end + this.#spec.allowedLatenessUs <= this.#watermark
  }

  #cut(rows: readonly NaiveSessionRow[]): NaiveSession[] {
    const sessions: { sessionKey: string; first: bigint; last: bigint; rows: NaiveSessionRow[] }[] = []
    for (const row of [...rows].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))) {
      const open = sessions.findLast(({ sessionKey }) => sessionKey === row.sessionKey)
      if (open === undefined || row.time - open.last > this.#gap) {
        sessions.push({ sessionKey: row.sessionKey, first: row.time, last: row.time, rows: [row] })
        continue
      }
      open.last = row.time
      open.rows.push(row)
    }
    return sessions
  }
}

const textOf = ({ sessionKey, time, keys, args }: NaiveSessionRow): string =>
  `${sessionKey} ${time} ${rowKey(keys)} ${rowKey(args)}`
