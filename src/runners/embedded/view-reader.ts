/** Reads views for people and programs: filtered, sorted pages whose cursors stay at one epoch. */
import type { Engine, RowQuery, ViewSnapshot } from "../../engine/dataflow.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import type { Clock } from "../../std/clock.ts"
import type { ViewRowsAnswer, ViewRowsRequest } from "../runtime.ts"
import { cursorExpired, cursorInvalid } from "./errors.ts"

/** Epochs pinned by cursors at one time; the one that was not read for longest goes first. */
const MAX_PINS = 64
/** How long an unread cursor keeps its epoch. */
const PIN_MS = 60_000

interface Pin {
  readonly snapshot: ViewSnapshot
  readonly view: string
  readonly query: string
  readonly watermarkUs: bigint | null
  usedAtMs: number
}

export class ViewReader implements Disposable {
  readonly #engine: Engine
  readonly #clock: Clock
  /** Least recently used first. */
  readonly #pins = new Map<string, Pin>()
  /** Never one of an earlier process, whose cursors must not be taken for ours. */
  #nextPin: number

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
    this.#nextPin = clock.nowMs() * 1000
  }

  /** @throws PlatformError cursor-invalid, cursor-expired */
  rows(plan: ViewPlan, request: ViewRowsRequest, watermarkUs: bigint | null): ViewRowsAnswer {
    this.#dropOld()
    const query = describe(request)
    const { pinId, pin, offset } =
      request.cursor === null
        ? { ...this.#pin(plan.name, query, watermarkUs), offset: 0 }
        : this.#resume(plan.name, query, request.cursor)
    const rows = pin.snapshot.select({
      where: request.where,
      sort: totalOrder(plan, request.sort),
      offset,
      limit: request.limit + 1,
    })
    const more = rows.length > request.limit
    if (!more) this.#release(pinId)
    return {
      rows: more ? { ...rows, length: request.limit } : rows,
      rowCount: pin.snapshot.rowCount,
      epoch: pin.snapshot.epoch,
      watermarkUs: pin.watermarkUs,
      cursor: more ? encodeCursor(pinId, offset + request.limit) : null,
    }
  }

  [Symbol.dispose](): void {
    for (const pinId of [...this.#pins.keys()]) this.#release(pinId)
  }

  #pin(view: string, query: string, watermarkUs: bigint | null): { pinId: string; pin: Pin } {
    const pinId = String(this.#nextPin++)
    const snapshot = this.#engine.snapshot(view)
    const pin = { snapshot, view, query, watermarkUs, usedAtMs: this.#clock.nowMs() }
    this.#pins.set(pinId, pin)
    return { pinId, pin }
  }

  #resume(view: string, query: string, cursor: string): { pinId: string; pin: Pin; offset: number } {
    const { pinId, offset } = decodeCursor(cursor)
    const pin = this.#pins.get(pinId)
    if (pin === undefined) throw cursorExpired()
    if (pin.view !== view || pin.query !== query) throw cursorInvalid(cursor)
    this.#pins.delete(pinId)
    this.#pins.set(pinId, pin)
    pin.usedAtMs = this.#clock.nowMs()
    return { pinId, pin, offset }
  }

  #dropOld(): void {
    const nowMs = this.#clock.nowMs()
    for (const [pinId, pin] of this.#pins) {
      if (this.#pins.size < MAX_PINS && nowMs - pin.usedAtMs < PIN_MS) return
      this.#release(pinId)
    }
  }

  #release(pinId: string): void {
    this.#pins.get(pinId)?.snapshot[Symbol.dispose]()
    this.#pins.delete(pinId)
  }
}

/** The asked order, then the key (or every column), so that pages neither overlap nor skip. */
export function totalOrder(plan: ViewPlan, sort: RowQuery["sort"]): RowQuery["sort"] {
  const rest = plan.key ?? plan.columns.map((_, index) => index)
  const asked = new Set(sort.map(({ column }) => column))
  return [
    ...sort,
    ...rest.filter((column) => !asked.has(column)).map((column) => ({ column, descending: false })),
  ]
}

function describe({ where, sort }: ViewRowsRequest): string {
  return JSON.stringify([where, sort], (_, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value,
  )
}

function encodeCursor(pinId: string, offset: number): string {
  return Buffer.from(`${pinId}:${offset}`).toString("base64url")
}

function decodeCursor(cursor: string): { pinId: string; offset: number } {
  const match = /^(\d{1,17}):(\d{1,15})$/.exec(Buffer.from(cursor, "base64url").toString("latin1"))
  if (match === null) throw cursorInvalid(cursor)
  return { pinId: match[1]!, offset: Number(match[2]) }
}
