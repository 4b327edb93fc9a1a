/**
 * What plain JavaScript says of a simulated project, from the log's own rows and the cuts and watermarks of
 * the epochs: which rows are duplicates, where watermarks are, and by views/ each view's verdicts and rows.
 * Neither decoder nor engine takes part.
 */
import type { Verdict } from "../engine/dataflow.ts"
import { NO_WATERMARK } from "../engine/dataflow.ts"
import { type EpochNote, rowText } from "./epoch-chronicle.ts"
import type { LoggedRow } from "./logged-rows.ts"
import { ProcessOracle } from "./process-oracle.ts"
import { DEDUP_MS, OUT_OF_ORDERNESS_US, type SimEvent } from "./runtime-project.ts"
import { type ProjectVersion, simViewOf, viewsOf } from "./views/catalogue.ts"
import type { Judge, Row, SimView, Taken } from "./views/sim-view.ts"

/** In the place of a view's name: what is ruled once for all of them. */
export const EVERY_VIEW = "*"
/** How far before the append time's end an event time may count for the watermark: one second ahead. */
const AHEAD_US = 1_000_000n
/** Of verdicts on one row, the one that counts for a view over several: the first of these. */
const ORDER = ["duplicate", "applied", "failed", "late", "filtered"] as const

type RowsOf = (event: SimEvent, partition: number, from: number, to: number) => readonly LoggedRow[]

export class RuntimeOracle {
  readonly #rowsOf: RowsOf
  readonly #broken: (law: string) => never
  #views: readonly SimView[] = []
  #judges = new Map<string, Judge>()
  #notes: EpochNote[] = []
  /** Rows that a view reads itself and has applied, by "view event". */
  #taken = new Map<string, Taken[]>()
  /** By "view epoch". */
  #rows = new Map<string, readonly Row[]>()
  /** By "view event/partition/offset". */
  #verdicts = new Map<string, Verdict>()
  /** As #verdicts. */
  #goneEnds = new Map<string, bigint>()
  /** Append time of the newest occurrence. */
  #seenMs = new Map<bigint, number>()
  /** Highest event time by "event/partition", capped. */
  #highestUs = new Map<string, bigint>()
  #process = new ProcessOracle()

  /** Which rows are duplicates, where that was ruled before. */
  readonly #ruled: RuntimeOracle | null

  constructor(rowsOf: RowsOf, broken: (law: string) => never, ruled: RuntimeOracle | null = null) {
    this.#rowsOf = rowsOf
    this.#broken = broken
    this.#ruled = ruled
  }

  /** For views that are built anew: rows run again, but which are duplicates is known from here. */
  beside(): RuntimeOracle {
    const oracle = new RuntimeOracle(this.#rowsOf, this.#broken, this)
    oracle.#views = this.#views
    return oracle
  }

  /** Which views it is asked for: those of all versions. */
  know(versions: readonly ProjectVersion[]): void {
    this.#views = viewsOf(versions)
  }

  /** Follows this branch; what it knows already is kept. */
  follow(branch: readonly EpochNote[]): void {
    if (this.#notes.some((note, i) => branch[i] !== undefined && branch[i] !== note)) this.#forget()
    for (const note of branch.slice(this.#notes.length)) this.#take(note)
  }

  verdict(view: string, { event, partition, offset }: LoggedRow): Verdict | undefined {
    return this.#verdicts.get(`${view} ${event}/${partition}/${offset}`)
  }

  /** Of a row that the view applied to some of its windows: up to which end they were gone. */
  goneEnd(view: string, { event, partition, offset }: LoggedRow): bigint | undefined {
    return this.#goneEnds.get(`${view} ${event}/${partition}/${offset}`)
  }

  /** The view's rows behind an epoch of the branch, sorted; 0 is before the first. */
  rows(view: string, epoch: number): readonly string[] {
    if (epoch === 0) return []
    return this.#rowsOfView(view, epoch).map(rowText).sort()
  }

  #forget(): void {
    this.#notes = []
    this.#judges = new Map()
    this.#taken = new Map()
    this.#rows = new Map()
    this.#verdicts = new Map()
    this.#goneEnds = new Map()
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
        this.#judge({ row, epoch: note.epoch, before })
        this.#raise(row)
      }
    }
    if (this.#ruled === null) this.#checkWatermarks(note, before)
    const { epoch, clockMs } = note
    const [beforeUs, afterUs] = [before.visit, note.watermarksUs.visit]
    this.#process.take({ epoch, clockMs, rows: visits, beforeUs, afterUs })
    this.#notes.push(note)
  }

  #judge(taken: Taken): void {
    const { row } = taken
    const isDuplicate = row.event === "sale" && this.#isDuplicate(row)
    const place = `${row.event}/${row.partition}/${row.offset}`
    if (isDuplicate) this.#verdicts.set(`${EVERY_VIEW} ${place}`, "duplicate")
    for (const { name, reads, judges, goneEnd } of this.#views) {
      const judge = judges[row.event]
      const own = judge && (isDuplicate ? "duplicate" : this.#ask(name, judge, taken))
      const verdicts = [own, ...reads.map((view) => this.#verdicts.get(`${view} ${place}`))]
      const verdict = ORDER.find((one) => verdicts.includes(one))
      if (verdict !== undefined) this.#verdicts.set(`${name} ${place}`, verdict)
      const goneEndUs = own === "applied" ? (goneEnd?.(row, taken.before) ?? null) : null
      if (goneEndUs !== null) this.#goneEnds.set(`${name} ${place}`, goneEndUs)
    }
  }

  #ask(view: string, judgeOf: () => Judge, taken: Taken): Verdict {
    const { row, before, epoch } = taken
    const key = `${view} ${row.event}`
    const judge = this.#judges.get(key) ?? judgeOf()
    this.#judges.set(key, judge)
    const verdict = judge(row, before, epoch)
    if (verdict !== "applied") return verdict
    const all = this.#taken.get(key) ?? []
    this.#taken.set(key, all)
    all.push(taken)
    return verdict
  }

  #isDuplicate(row: LoggedRow): boolean {
    if (this.#ruled !== null) return this.#ruled.verdict(EVERY_VIEW, row) === "duplicate"
    const { id, appendTimeMs } = row
    const seenMs = this.#seenMs.get(id)
    this.#seenMs.set(id, appendTimeMs)
    return seenMs !== undefined && appendTimeMs - seenMs < DEDUP_MS
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

  #takenUpTo(view: string, event: SimEvent, epoch: number): readonly Taken[] {
    const taken = this.#taken.get(`${view} ${event}`) ?? []
    const end = taken.findIndex((entry) => entry.epoch > epoch)
    return end === -1 ? taken : taken.slice(0, end)
  }

  /** Made once for each epoch that somebody asks for. */
  #rowsOfView(view: string, epoch: number): readonly Row[] {
    const key = `${view} ${epoch}`
    const known = this.#rows.get(key)
    if (known !== undefined) return known
    const rows = simViewOf(view).rows({
      sales: this.#takenUpTo(view, "sale", epoch),
      visits: this.#takenUpTo(view, "visit", epoch),
      watermarksUs: this.#notes.find((note) => note.epoch === epoch)!.watermarksUs,
      below: (name) => this.#rowsOfView(name, epoch),
      processed: (name) => this.#process.rows(name, epoch),
    })
    this.#rows.set(key, rows)
    return rows
  }
}
