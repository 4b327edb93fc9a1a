/**
 * A view of the twin: recomputed in plain JavaScript from all rows taken so far, kept per epoch so that
 * cursors can be pinned, with the changes between epochs as a real runtime would give them.
 */
import type { Scalar } from "../../src/columns/types.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import type { Subscription, ViewRowsAnswer, ViewRowsRequest, ViewUpdate } from "../../src/runners/runtime.ts"
import { PlatformError } from "../../src/std/errors.ts"
import { batchOf, changesOf } from "./batch-of.ts"

export type TwinRow = Readonly<Record<string, unknown>>
export type ScalarRow = readonly Scalar[]

export interface TwinViewSpec {
  readonly plan: ViewPlan
  /** The view's rows, keyed by plan.key, from the rows of its event. */
  readonly query: (rows: readonly TwinRow[]) => ScalarRow[]
}

/** Epochs whose rows and changes are still known. */
const KEPT_EPOCHS = 6

interface EpochRows {
  readonly rows: readonly ScalarRow[]
  readonly changes: ViewUpdate | null
}

export class TwinView {
  readonly spec: TwinViewSpec
  readonly #epochs = new Map<number, EpochRows>([[0, { rows: [], changes: null }]])
  readonly #waiting = new Set<() => void>()
  #epoch = 0
  closed = false

  constructor(spec: TwinViewSpec) {
    this.spec = spec
  }

  get epoch(): number {
    return this.#epoch
  }

  get rows(): readonly ScalarRow[] {
    return this.#epochs.get(this.#epoch)?.rows ?? []
  }

  advance(epoch: number, watermarkUs: bigint | null, taken: readonly TwinRow[]): void {
    const { plan, query } = this.spec
    const before = this.rows
    const rows = query(taken)
    const changes = diff(plan, before, rows)
    const update: ViewUpdate = {
      kind: "changes",
      epoch,
      watermarkUs,
      changes: changesOf(plan.columns, changes),
    }
    this.#epochs.set(epoch, { rows, changes: changes.length === 0 ? null : update })
    this.#epochs.delete(epoch - KEPT_EPOCHS)
    this.#epoch = epoch
    this.wake()
  }

  wake(): void {
    for (const resolve of [...this.#waiting]) resolve()
  }

  select(request: ViewRowsRequest, watermarkUs: bigint | null): ViewRowsAnswer {
    const query = JSON.stringify([request.where, request.sort], bigintText)
    const start =
      request.cursor === null ? { epoch: this.#epoch, offset: 0, query } : parseCursor(request.cursor)
    if (start.query !== query) throw failure("cursor-invalid", "the cursor belongs to another query")
    const pinned = this.#epochs.get(start.epoch)
    if (pinned === undefined) throw failure("cursor-expired", "the cursor's epoch is no longer kept")
    const matching = pinned.rows.filter((row) =>
      request.where.every((condition) =>
        holds(row[condition.column] ?? null, condition.comparison, condition.value),
      ),
    )
    const sorted = [...matching].sort((a, b) => compareRows(a, b, request.sort))
    const offset = start.offset + request.limit
    const cursor = offset < sorted.length ? cursorText({ ...start, offset }) : null
    return {
      rows: batchOf(this.spec.plan.columns, sorted.slice(start.offset, offset)),
      rowCount: pinned.rows.length,
      epoch: start.epoch,
      watermarkUs,
      cursor,
    }
  }

  subscribe(afterEpoch: number | null, watermarkUs: () => bigint | null): Subscription {
    let seen = afterEpoch !== null && this.#epochs.has(afterEpoch) ? afterEpoch : null
    let open = true
    const take = (): ViewUpdate | undefined => {
      if (seen === null || !this.#epochs.has(seen)) {
        seen = this.#epoch
        const rows = batchOf(this.spec.plan.columns, this.rows)
        return { kind: "snapshot", epoch: seen, watermarkUs: watermarkUs(), rows, last: true }
      }
      while (seen < this.#epoch) {
        const { changes } = this.#epochs.get(++seen) ?? { changes: null }
        if (changes !== null) return changes
      }
      return undefined
    }
    return {
      next: async () => {
        for (;;) {
          if (!open || this.closed) return null
          const update = take()
          if (update !== undefined) return update
          await new Promise<void>((resolve) => {
            const done = () => {
              this.#waiting.delete(done)
              resolve()
            }
            this.#waiting.add(done)
          })
        }
      },
      [Symbol.dispose]: () => {
        open = false
        this.wake()
      },
    }
  }
}

function diff(plan: ViewPlan, before: readonly ScalarRow[], after: readonly ScalarRow[]) {
  const keyOf = (row: ScalarRow) =>
    JSON.stringify(
      (plan.key ?? [...row.keys()]).map((k) => row[k]),
      bigintText,
    )
  const old = new Map(before.map((row) => [keyOf(row), row]))
  const changes: { weight: number; row: ScalarRow }[] = []
  for (const row of after) {
    const previous = old.get(keyOf(row))
    old.delete(keyOf(row))
    if (previous !== undefined && sameRow(previous, row)) continue
    if (previous !== undefined) changes.push({ weight: -1, row: previous })
    changes.push({ weight: 1, row })
  }
  return [...[...old.values()].map((row) => ({ weight: -1, row })), ...changes]
}

function sameRow(a: ScalarRow, b: ScalarRow): boolean {
  return a.every((value, i) => value === b[i])
}

function holds(value: Scalar, comparison: string, wanted: Scalar): boolean {
  if (wanted === null) return comparison === "eq" ? value === null : value !== null
  if (value === null) return false
  const order = compareScalars(value, wanted)
  const results: Record<string, boolean> = {
    eq: order === 0,
    ne: order !== 0,
    lt: order < 0,
    lte: order <= 0,
    gt: order > 0,
    gte: order >= 0,
  }
  return results[comparison] ?? false
}

function compareRows(a: ScalarRow, b: ScalarRow, sort: ViewRowsRequest["sort"]): number {
  const terms = [...sort, ...a.map((_, column) => ({ column, descending: false }))]
  for (const { column, descending } of terms) {
    const order = compareScalars(a[column] ?? null, b[column] ?? null)
    if (order !== 0) return descending ? -order : order
  }
  return 0
}

function compareScalars(a: Scalar, b: Scalar): number {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return (a as bigint) < (b as bigint) ? -1 : 1
}

interface Cursor {
  readonly epoch: number
  readonly offset: number
  readonly query: string
}

function cursorText(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString("base64url")
}

function parseCursor(text: string): Cursor {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString()) as Cursor
  } catch (cause) {
    throw failure("cursor-invalid", `the cursor was not given out by this server: ${cause}`)
  }
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value
}

export function failure(code: string, message: string): PlatformError {
  return new PlatformError({ code, domain: "user", message })
}
