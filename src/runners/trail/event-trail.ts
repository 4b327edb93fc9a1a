/**
 * Where an event of the log went: for every view that it reaches, the one verdict that the view gave it.
 *
 * Laws
 * - A verdict is what was ruled, never a guess: pending by the partition's position, else the ruling that the
 *   engine still remembers, else the ledger's (late, failed, duplicate), else what the view's own conditions
 *   say of this one row. Where none of these can tell, the verdict is null and the reason says why.
 * - The event's bytes come from log and lake alike.
 */
import type { EventContract } from "../../contracts/contract.ts"
import type { Failure } from "../../expr/expression.ts"
import type { Log } from "../../log/log.ts"
import { readSpan } from "../../log/stored-records.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import { behindView } from "../../plan/reach.ts"
import type { Verdict } from "../../ports/verdict.ts"
import { NO_WINDOW_LEFT, type OffsetSpan, type VerdictLedgerReader } from "../../ports/verdict-ledger.ts"
import { formatTimestamp } from "../../std/calendar-text.ts"
import { isPlatformError } from "../../std/errors.ts"
import { unknownRecord } from "./errors.ts"

export interface RecordPlace {
  readonly event: string
  readonly partition: number
  readonly offset: number
}

export interface TrailRecord extends RecordPlace {
  readonly topic: string
  readonly appendedMs: number
  readonly value: Uint8Array
}

export interface ViewRuling {
  readonly view: string
  /** Null: applied or filtered, and nothing here can tell which. */
  readonly verdict: Verdict | "pending" | null
  /** Null where the verdict says it all. */
  readonly reason: string | null
}

export interface RecordTrail extends TrailRecord {
  /** Every view that the event reaches, itself or through other views, in the project's order. */
  readonly views: readonly ViewRuling[]
}

export interface RowRuling {
  readonly verdict: Verdict
  /** "none" where it did not fail. */
  readonly failure: Failure
}

/** What the engine remembers of single rows. */
export interface RulingSource {
  /** The newest epoch whose outputs are out. */
  readonly publishedEpoch: number
  publishedEnd(topic: string, partition: number): number
  /** Null when it is remembered no more. */
  ruling(view: string, place: RecordPlace): RowRuling | null
}

/** Whether a view's own conditions let a row pass. */
export interface Admissions {
  /**
   * The conditions that kept the row out of the view's own query; null when one way through it is open.
   * @throws PlatformError no-clickhouse-spelling, store-unavailable
   */
  keptOutBy(view: string, record: TrailRecord): Promise<readonly string[] | null>
}

export interface EventTrailParts {
  /** With the lake behind it, where there is one. */
  readonly log: Log
  readonly source: RulingSource
  readonly ledger: VerdictLedgerReader
  readonly contracts: readonly EventContract[]
  /** In dependency order. */
  readonly plans: readonly ViewPlan[]
  /** Null where there is no store. */
  readonly admissions: Admissions | null
}

const LATE = "all windows that it belongs to were gone before it came"
const DUPLICATE = "its id came before, within the event's dedup window"
const BELOW_ONLY = "a view that this one reads has it; where this one reads the event itself it is left out"
const PENDING = "it is durable in the log, and the view has not come to it yet"
const EITHER = "applied or filtered"
const NO_STORE = "the engine remembers the row no more, and there is no store to run the view's conditions in"
const NO_CONDITION = "no row of the view's query comes from it: its time for the window is null"

type Ruled = Omit<ViewRuling, "view">

export class EventTrail {
  readonly #parts: EventTrailParts
  readonly #plans: ReadonlyMap<string, ViewPlan>

  constructor(parts: EventTrailParts) {
    this.#parts = parts
    this.#plans = new Map(parts.plans.map((plan) => [plan.name, plan]))
  }

  /** @param place of an event of the project. @throws PlatformError unknown-record, ledger-stopped */
  async follow(place: RecordPlace): Promise<RecordTrail> {
    const record = await this.#read(place)
    const { source, plans, ledger } = this.#parts
    const reached = plans.filter(({ name }) => behindView(name, this.#plans).events.includes(place.event))
    const isPending = place.offset >= source.publishedEnd(record.topic, place.partition)
    if (isPending) return { ...record, views: reached.map(({ name }) => pending(name)) }
    if (source.publishedEpoch > 0) await ledger.whenDurable(source.publishedEpoch)
    const isDuplicate = (await first(ledger.duplicates(spanOf(record)))) !== null
    const ruled = new Map<string, Ruled>()
    for (const { name } of reached) {
      if (isDuplicate) ruled.set(name, worded("duplicate", null))
      else ruled.set(name, await this.#inPart(name, record, await this.#rule(name, record, ruled)))
    }
    return { ...record, views: [...ruled].map(([view, ruling]) => ({ view, ...ruling })) }
  }

  async #read({ event, partition, offset }: RecordPlace): Promise<TrailRecord> {
    const { log } = this.#parts
    const { topic, partitions } = this.#parts.contracts.find(({ name }) => name === event)!
    const asked = { event, partition, offset, partitions }
    if (partition >= partitions) throw unknownRecord({ ...asked, range: null, other: null })
    const span = { topic, partition, from: offset, until: offset + 1 }
    for await (const record of readSpan(log, span, { readBytes: 1 })) {
      const { value, appendTimeMs } = record
      if (record.event === event && value !== null)
        return { event, topic, partition, offset, appendedMs: appendTimeMs, value }
      throw unknownRecord({ ...asked, range: await this.#range(topic, partition), other: record.event })
    }
    throw unknownRecord({ ...asked, range: await this.#range(topic, partition), other: null })
  }

  async #range(topic: string, partition: number) {
    const { begin, durableEnd } = await this.#parts.log.range(topic, partition)
    return { begin, end: durableEnd }
  }

  async #rule(view: string, record: TrailRecord, above: ReadonlyMap<string, Ruled>): Promise<Ruled> {
    const known = this.#parts.source.ruling(view, record)
    if (known !== null && known.verdict !== "filtered") return worded(known.verdict, known.failure)
    const excluded = known === null ? await first(this.#parts.ledger.excluded(view, spanOf(record))) : null
    if (excluded !== null) return worded(excluded.verdict, excluded.reason)
    return this.#judge(view, record, above, known !== null)
  }

  /** Says of a row that is applied which of its windows it missed. */
  async #inPart(view: string, record: TrailRecord, ruled: Ruled): Promise<Ruled> {
    if (ruled.verdict !== "applied") return ruled
    const partly = await first(this.#parts.ledger.partly(view, spanOf(record)))
    if (partly === null) return ruled
    const { goneEndUs } = partly
    return { ...ruled, reason: goneEndUs === NO_WINDOW_LEFT ? BELOW_ONLY : windowsGone(goneEndUs) }
  }

  /** Applied where the view's own query or a view that it reads has the row; filtered where none has. */
  async #judge(
    view: string,
    record: TrailRecord,
    above: ReadonlyMap<string, Ruled>,
    isFiltered: boolean,
  ): Promise<Ruled> {
    const plan = this.#plans.get(view)!
    const upstream = plan.views.flatMap((name) => {
      const ruled = above.get(name)
      return ruled === undefined ? [] : [{ name, ...ruled }]
    })
    if (!isFiltered && upstream.some(({ verdict }) => verdict === "applied")) return worded("applied", null)
    const own = plan.events.includes(record.event) ? await this.#admission(view, record) : NOT_READ
    if (!isFiltered && own.kind === "admitted") return worded("applied", null)
    const unclear = [own.kind === "unclear" ? own.reason : null, ...upstream.map(unclearReason)]
    const doubt = unclear.find((reason) => reason !== null) ?? null
    if (!isFiltered && doubt !== null) return unknown(doubt)
    const below = upstream.map(({ name, reason }) => `${name}: ${reason ?? "it is not in that view"}`)
    const reasons = [...(own.kind === "kept-out" ? own.reasons : []), ...below]
    return { verdict: "filtered", reason: reasons.length === 0 ? doubt : reasons.join("; ") }
  }

  async #admission(view: string, record: TrailRecord): Promise<Admission> {
    const { admissions } = this.#parts
    if (admissions === null) return { kind: "unclear", reason: NO_STORE }
    try {
      const conditions = await admissions.keptOutBy(view, record)
      if (conditions === null) return { kind: "admitted" }
      const texts = conditions.map((text) => `not true: ${text}`)
      return { kind: "kept-out", reasons: texts.length === 0 ? [NO_CONDITION] : texts }
    } catch (error) {
      if (!isPlatformError(error) || error.domain === "internal") throw error
      return { kind: "unclear", reason: error.message }
    }
  }
}

type Admission =
  | { readonly kind: "admitted" | "not-read" }
  | { readonly kind: "kept-out"; readonly reasons: readonly string[] }
  | { readonly kind: "unclear"; readonly reason: string }

const NOT_READ: Admission = { kind: "not-read" }

const pending = (view: string): ViewRuling => ({ view, verdict: "pending", reason: PENDING })

/** Applied says it all, and what a filter is about is the judge's to say. */
function worded(verdict: Verdict, failure: string | null): Ruled {
  const reason = verdict === "failed" ? failure : verdict === "late" ? LATE : null
  return { verdict, reason: verdict === "duplicate" ? DUPLICATE : reason }
}

function windowsGone(endUs: bigint): string {
  return `not in its windows that end at ${formatTimestamp(endUs)} or before: they were gone before it came`
}

function unknown(reason: string): Ruled {
  return { verdict: null, reason: `${EITHER}: ${reason.replace(`${EITHER}: `, "")}` }
}

const unclearReason = ({ verdict, reason }: Ruled) => (verdict === null ? reason : null)

function spanOf({ topic, partition, offset }: TrailRecord): OffsetSpan {
  return { topic, partition, from: offset, until: offset + 1 }
}

async function first<T>(items: AsyncIterable<T>): Promise<T | null> {
  for await (const item of items) return item
  return null
}
