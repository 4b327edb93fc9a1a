/**
 * Sessions in a checkpoint, beside the tables of their groups:
 *   <id>/sessions/meta   JSON: next number, how many entries follow, places of gone sessions
 *   <id>/sessions/<n>    JSON: rows by session, a large session in several entries; where rows are not kept,
 *                        the bounds and the row that began it
 */
import type { CheckpointPart } from "../engine-checkpoint.ts"
import { checkpointDamaged } from "../errors.ts"
import type { Losses } from "../losses.ts"
import type { SessionAggregate } from "../operators/session-aggregate.ts"
import type { CapturedState, PageGroup } from "../operators/stateful-operator.ts"
import { Session } from "../time/session.ts"
import type { SessionKey, SessionRow } from "../time/session-rows.ts"
import { OperatorCapture } from "./capture.ts"
import { decodeValue, encodeValue, jsonPart, readJson } from "./part-format.ts"
import { restoreTables } from "./restore.ts"
import type { SavedState } from "./saved-state.ts"

/** Rows per part. */
const ROWS_PER_PART = 10_000

interface SessionsMeta {
  readonly next: string
  readonly parts: number
  readonly gone: readonly (readonly [key: SessionKey, firstUs: string, lastUs: string])[]
}

interface SessionEntry {
  readonly number: string
  /** Bounds of the rows that are out; null: none are. */
  readonly shown: readonly [start: string, end: string] | null
  /** Of its first and last row, where not all rows are here: then the one row finds its group. */
  readonly reach?: readonly [firstUs: string, lastUs: string]
  readonly rows: readonly (readonly string[])[]
}

type Captured = "number" | "visible" | "start" | "end" | "firstUs" | "lastUs" | "rows"

export class SessionCapture implements CapturedState {
  readonly #id: string
  readonly #tables: OperatorCapture
  readonly #merges: boolean
  readonly #sessions: readonly Pick<Session, Captured>[]
  readonly #meta: Omit<SessionsMeta, "parts">

  constructor(operator: SessionAggregate, losses: Losses) {
    const { book, whole, distinct, multisets, nextGroup } = operator
    this.#id = operator.spec.id
    this.#merges = operator.merges
    const tables = {
      start: 0n,
      end: 0n,
      closed: false,
      emitting: true,
      tables: [whole.table, ...distinct],
      multisets,
    }
    this.#tables = new OperatorCapture(this.#id, [tables], {
      nextGroup,
      expectedGroups: 0,
      rowCount: 0,
      losses: { ...losses },
    })
    this.#sessions = [...book.sessions()].map((session) => {
      session.shared = true
      const { number, visible, start, end, firstUs, lastUs, rows } = session
      return { number, visible, start, end, firstUs, lastUs, rows }
    })
    this.#meta = {
      next: String(book.nextNumber),
      gone: [...book.gone()].map(({ key, firstUs, lastUs }) => [key, String(firstUs), String(lastUs)]),
    }
  }

  *parts(): Generator<CheckpointPart> {
    yield* this.#tables.parts()
    let entries: SessionEntry[] = []
    let rows = 0
    let parts = 0
    for (const { number, visible, start, end, firstUs, lastUs, rows: all } of this.#sessions) {
      for (let from = 0; from < all.length; from += ROWS_PER_PART) {
        const some = all.slice(from, from + ROWS_PER_PART)
        entries.push({
          number: String(number),
          shown: visible ? [String(start), String(end)] : null,
          ...(this.#merges ? { reach: [String(firstUs), String(lastUs)] as const } : {}),
          rows: some.map(({ cells }) => cells.map(encodeValue)),
        })
        rows += some.length
        if (rows < ROWS_PER_PART) continue
        yield jsonPart(`${this.#id}/sessions/${parts++}`, entries)
        entries = []
        rows = 0
      }
    }
    if (entries.length > 0) yield jsonPart(`${this.#id}/sessions/${parts++}`, entries)
    yield jsonPart(`${this.#id}/sessions/meta`, { ...this.#meta, parts })
  }

  groups(): Iterable<PageGroup> {
    return this.#tables.groups()
  }

  [Symbol.dispose](): void {
    this.#tables[Symbol.dispose]()
  }
}

export function restoreSessions(operator: SessionAggregate, parts: SavedState, losses: Losses): void {
  const { id } = operator.spec
  const { book, whole, distinct, multisets } = operator
  const saved = restoreTables({ id, parts, losses, tables: [whole.table, ...distinct], multisets })
  operator.nextGroup = saved.nextGroup
  const meta = readJson<SessionsMeta>(parts, `${id}/sessions/meta`)
  book.nextNumber = BigInt(meta.next)
  for (const [key, firstUs, lastUs] of meta.gone) {
    book.remember({ key, firstUs: BigInt(firstUs), lastUs: BigInt(lastUs) })
  }
  let session: Session | null = null
  for (let part = 0; part < meta.parts; part++) {
    const name = `${id}/sessions/${part}`
    for (const entry of readJson<readonly SessionEntry[]>(parts, name)) {
      const rows = entry.rows.map((cells) => operator.row(cells.map(decodeValue)))
      const first = rows[0]
      if (first === undefined) throw checkpointDamaged(name, "has a session without rows")
      const more: SessionRow[] = rows.map(({ row }) => row)
      if (session !== null && String(session.number) === entry.number) {
        session.rows.push(...more)
        session.reach(more.at(-1)!.timeUs)
        continue
      }
      if (session !== null) operator.adopt(session)
      session = new Session(BigInt(entry.number), first.key, first.row.timeUs, { distinct, multisets })
      session.hold(more)
      for (const timeUs of entry.reach ?? []) session.reach(BigInt(timeUs))
      if (entry.shown === null) continue
      const [start, end] = entry.shown
      Object.assign(session, { start: BigInt(start), end: BigInt(end), visible: true, showing: true })
    }
  }
  if (session !== null) operator.adopt(session)
}
