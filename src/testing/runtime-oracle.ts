/**
 * The views of runtime-project.ts in plain JavaScript, from the log's own rows and the cuts and watermarks
 * of the epochs. Neither decoder nor engine takes part, and verdicts and watermarks are worked out again,
 * too.
 */
import type { Verdict } from "../engine/dataflow.ts"
import { NO_WATERMARK } from "../engine/dataflow.ts"
import { type EpochNote, rowText } from "./epoch-chronicle.ts"
import type { LoggedRow } from "./logged-rows.ts"
import { ProcessOracle } from "./process-oracle.ts"
import {
  DEDUP_MS,
  FINALS,
  OUT_OF_ORDERNESS_US,
  PER_SECOND,
  type SimEvent,
  UNLUCKY_AMOUNT,
} from "./runtime-project.ts"

/** How far before the append time's end an event time may count for the watermark: one second ahead. */
const AHEAD_US = 1_000_000n

interface Applied {
  readonly epoch: number
  readonly row: LoggedRow
}

type RowsOf = (event: SimEvent, partition: number, from: number, to: number) => readonly LoggedRow[]

export class RuntimeOracle {
  readonly #rowsOf: RowsOf
  readonly #broken: (law: string) => never
  #notes: EpochNote[] = []
  #applied = new Map<string, Applied[]>()
  /** By "view event/partition/offset". */
  #verdicts = new Map<string, Verdict>()
  /** Append time of the newest occurrence. */
  #seenMs = new Map<bigint, number>()
  /** Highest event time by "event/partition", capped. */
  #highestUs = new Map<string, bigint>()
  #process = new ProcessOracle()

  constructor(rowsOf: RowsOf, broken: (law: string) => never) {
    this.#rowsOf = rowsOf
    this.#broken = broken
  }

  /** Follows this branch; what it knows already is kept. */
  follow(branch: readonly EpochNote[]): void {
    if (this.#notes.some((note, i) => branch[i] !== undefined && branch[i] !== note)) this.#forget()
    for (const note of branch.slice(this.#notes.length)) this.#take(note)
  }

  verdict(view: string, { event, partition, offset }: LoggedRow): Verdict | undefined {
    return this.#verdicts.get(`${view} ${event}/${partition}/${offset}`)
  }

  /** The view's rows behind an epoch of the branch, sorted; 0 is before the first. */
  rows(view: string, epoch: number): readonly string[] {
    if (epoch === 0) return []
    return this.#rowsOfView(view, epoch).sort()
  }

  #forget(): void {
    this.#notes = []
    this.#applied = new Map()
    this.#verdicts = new Map()
    this.#seenMs = new Map()
    this.#highestUs = new Map()
    this.#process = new ProcessOracle()
  }

  #take(note: EpochNote): void {
    const before = this.#notes.at(-1)?.watermarksUs ?? { sale: NO_WATERMARK, visit: NO_WATERMARK }
    const visits: LoggedRow[] = []
    for (const { event, partition, from, to } of note.ranges) {
      for (const row of this.#rowsOf(event, partition, from, to)) {
        if (event === "visit" && row.atUs >= before.visit) visits.push(row)
        for (const [view, verdict] of this.#judge(row, before)) this.#rule(view, verdict, row, note.epoch)
        this.#raise(row)
      }
    }
    this.#checkWatermarks(note, before)
    const { epoch, clockMs } = note
    const [beforeUs, afterUs] = [before.visit, note.watermarksUs.visit]
    this.#process.take({ epoch, clockMs, rows: visits, beforeUs, afterUs })
    this.#notes.push(note)
  }

  #judge(row: LoggedRow, before: EpochNote["watermarksUs"]): [view: string, verdict: Verdict][] {
    const isLate = ({ sizeUs, latenessUs }: typeof FINALS | typeof PER_SECOND) =>
      startOf(row.atUs, sizeUs) + sizeUs + latenessUs <= before[row.event]
    if (row.event === "visit") {
      const guarded = row.amount === 0 ? "failed" : "applied"
      const handed = row.atUs < before.visit ? "late" : guarded
      return [
        ["restless", handed],
        ["restless_failures", handed],
        ["per_second", isLate(PER_SECOND) ? "late" : guarded],
        ["everything", guarded],
        ["newest", "applied"],
      ]
    }
    const seenMs = this.#seenMs.get(row.id)
    this.#seenMs.set(row.id, row.appendTimeMs)
    const isDuplicate = seenMs !== undefined && row.appendTimeMs - seenMs < DEDUP_MS
    const verdicts: [string, Verdict][] = [
      ["per_shop", "applied"],
      ["by_count", "applied"],
      ["finals", isLate(FINALS) ? "late" : "applied"],
      ["over_finals", isLate(FINALS) ? "late" : "applied"],
      ["everything", row.amount === UNLUCKY_AMOUNT ? "filtered" : "applied"],
    ]
    return isDuplicate ? verdicts.map(([view]) => [view, "duplicate"]) : verdicts
  }

  #rule(view: string, verdict: Verdict, row: LoggedRow, epoch: number): void {
    this.#verdicts.set(`${view} ${row.event}/${row.partition}/${row.offset}`, verdict)
    if (verdict !== "applied") return
    const applied = this.#applied.get(view) ?? []
    this.#applied.set(view, applied)
    applied.push({ epoch, row })
  }

  #raise({ event, partition, atUs, appendTimeMs }: LoggedRow): void {
    const key = `${event}/${partition}`
    const capUs = BigInt(appendTimeMs) * 1000n + AHEAD_US
    const countsUs = atUs < capUs ? atUs : capUs
    if (countsUs > (this.#highestUs.get(key) ?? NO_WATERMARK)) this.#highestUs.set(key, countsUs)
  }

  /** A watermark moves to where one of its partitions is, and not beyond one that has just brought rows. */
  #checkWatermarks({ epoch, ranges, watermarksUs }: EpochNote, before: EpochNote["watermarksUs"]): void {
    for (const event of ["sale", "visit"] as const) {
      const boundUs = (partition: number) =>
        (this.#highestUs.get(`${event}/${partition}`) ?? NO_WATERMARK) - OUT_OF_ORDERNESS_US[event]
      const nowUs = watermarksUs[event]
      const wrong = (why: string) =>
        this.#broken(`the watermark of ${event} in epoch ${epoch} is ${nowUs}: ${why}`)
      if (nowUs < before[event]) wrong("it fell")
      if (event === "sale" && nowUs < boundUs(0) && this.#highestUs.has("sale/0"))
        wrong(`late by ${boundUs(0) - nowUs}`)
      if (nowUs === before[event]) continue
      if (![0, 1, 2].some((partition) => boundUs(partition) === nowUs)) wrong("no partition is there")
      const ahead = ranges.find((range) => range.event === event && boundUs(range.partition) < nowUs)
      if (ahead !== undefined) wrong(`partition ${ahead.partition} is at ${boundUs(ahead.partition)}`)
    }
  }

  #rowsUpTo(view: string, epoch: number): readonly LoggedRow[] {
    const applied = this.#applied.get(view) ?? []
    const end = applied.findIndex((entry) => entry.epoch > epoch)
    return (end === -1 ? applied : applied.slice(0, end)).map(({ row }) => row)
  }

  #rowsOfView(view: string, epoch: number): string[] {
    const rows = this.#rowsUpTo(view, epoch)
    switch (view) {
      case "per_shop":
        return perShop(rows).map(({ shop, n, total, low, high }) => rowText([shop, n, total, low, high]))
      case "by_count":
        return byCount(rows)
      case "finals":
        return this.#finals(rows, epoch).map(([start, shop, n, total]) => rowText([start, shop, n, total]))
      case "over_finals": {
        const windows = this.#finals(this.#rowsUpTo("finals", epoch), epoch)
        const total = windows.length === 0 ? null : windows.reduce((sum, [, , n]) => sum + n, 0)
        return [rowText([windows.length, total])]
      }
      case "per_second":
        return grouped(rows, (row) => `${startOf(row.atUs, PER_SECOND.sizeUs)}|${row.name}`).map(
          ([key, group]) =>
            rowText([key, group.length, sum(group, ({ amount }) => Math.trunc(100 / amount))]),
        )
      case "everything":
        return rows.map((row) =>
          rowText([row.name, row.event === "sale" ? row.amount : Math.trunc(100 / row.amount)]),
        )
      case "restless":
      case "restless_failures":
        return this.#process.rows(view, epoch)
      case "newest":
        return grouped(rows, ({ name }) => name).map(([name, group]) =>
          rowText([name, group.length, group.reduce((most, { id }) => (id > most ? id : most), 0n)]),
        )
      default:
        return this.#broken(`the oracle does not know the view ${view}`)
    }
  }

  #finals(
    rows: readonly LoggedRow[],
    epoch: number,
  ): [start: bigint, shop: string, n: number, total: number][] {
    const watermarkUs = this.#notes.find((note) => note.epoch === epoch)!.watermarksUs.sale
    const closed = rows.filter(({ atUs }) => startOf(atUs, FINALS.sizeUs) + FINALS.sizeUs <= watermarkUs)
    return grouped(closed, ({ atUs, name }) => `${startOf(atUs, FINALS.sizeUs)} ${name}`).map(([, group]) => {
      const { atUs, name } = group[0]!
      return [startOf(atUs, FINALS.sizeUs), name, group.length, sum(group, ({ amount }) => amount)]
    })
  }
}

function perShop(rows: readonly LoggedRow[]) {
  return grouped(rows, ({ name }) => name).map(([shop, group]) => {
    const amounts = group.map(({ amount }) => amount)
    const total = sum(group, ({ amount }) => amount)
    return { shop, n: group.length, total, low: Math.min(...amounts), high: Math.max(...amounts) }
  })
}

function byCount(rows: readonly LoggedRow[]): string[] {
  const groups = new Map<number, ReturnType<typeof perShop>>()
  for (const shop of perShop(rows)) groups.set(shop.n % 5, [...(groups.get(shop.n % 5) ?? []), shop])
  return [...groups].map(([rest, shops]) => {
    const low = Math.min(...shops.map((shop) => shop.low + shop.n))
    const high = Math.max(...shops.map((shop) => shop.total))
    return rowText([rest, shops.length, low, high])
  })
}

function startOf(atUs: bigint, sizeUs: bigint): bigint {
  return atUs - (((atUs % sizeUs) + sizeUs) % sizeUs)
}

function grouped(rows: readonly LoggedRow[], key: (row: LoggedRow) => string): [string, LoggedRow[]][] {
  const groups = new Map<string, LoggedRow[]>()
  for (const row of rows) {
    const group = groups.get(key(row))
    if (group === undefined) groups.set(key(row), [row])
    else group.push(row)
  }
  return [...groups]
}

function sum(rows: readonly LoggedRow[], of: (row: LoggedRow) => number): number {
  return rows.reduce((total, row) => total + of(row), 0)
}
