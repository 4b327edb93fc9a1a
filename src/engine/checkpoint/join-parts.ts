/**
 * The state of a join in a checkpoint. Pages come in the order of the meta: the key table's, then per side
 * those of its rows and of the index by whole row.
 */
import type { CheckpointPart } from "../dataflow.ts"
import type { Losses } from "../losses.ts"
import type { JoinOperator } from "../operators/join.ts"
import type { CapturedState } from "../operators/stateful-operator.ts"
import type { KeyTable } from "../state/key-table.ts"
import { SIZE_CLASS } from "../state/page-format.ts"
import { pageBytes } from "../state/page-store.ts"
import type { RowSnapshot, RowStoreMeta } from "../state/row-store.ts"
import type { TableSnapshot } from "../state/table-snapshot.ts"
import { pageParts } from "./capture.ts"
import type { TableMeta } from "./part-format.ts"
import { jsonPart, readJson } from "./part-format.ts"
import type { PartMap } from "./restore.ts"
import { ImageReader } from "./restore.ts"

interface JoinMeta {
  readonly keys: TableMeta
  readonly sides: readonly { readonly rows: RowStoreMeta; readonly index: TableMeta | null }[]
  readonly losses: Losses
}

export function captureJoin({ spec, keys, sides }: JoinOperator, losses: Losses): CapturedState {
  const held: (TableSnapshot | RowSnapshot)[] = []
  const table = (from: KeyTable): TableMeta => {
    const snapshot = from.snapshot()
    held.push(snapshot)
    const pages = Array.from(snapshot.pages, (page) => from.store.i32[page * 2 + SIZE_CLASS]!)
    return { depth: snapshot.depth, count: snapshot.count, pages }
  }
  const meta: JoinMeta = {
    keys: table(keys),
    sides: sides.map((side) => {
      const rows = side.rows.snapshot()
      held.push(rows)
      return { rows: rows.meta, index: side.index === null ? null : table(side.index) }
    }),
    losses: { ...losses },
  }
  function* images(): Generator<Uint8Array> {
    for (const each of held) for (const page of each.pages) yield each.image(page)
  }
  return {
    *parts(): Generator<CheckpointPart> {
      yield jsonPart(`${spec.id}/meta`, meta)
      yield* pageParts(spec.id, images())
    },
    [Symbol.dispose]: () => {
      for (const each of held) each[Symbol.dispose]()
    },
  }
}

export function restoreJoin({ spec, keys, sides }: JoinOperator, parts: PartMap, losses: Losses): void {
  const meta = readJson<JoinMeta>(parts, `${spec.id}/meta`)
  const images = new ImageReader(spec.id, parts)
  const imageOf = (sizeClass: number) => images.next(pageBytes(sizeClass))
  const adopt = (table: KeyTable, { pages, depth, count }: TableMeta) =>
    table.adopt(pages.map(imageOf), depth, count)
  Object.assign(losses, meta.losses)
  adopt(keys, meta.keys)
  sides.forEach(({ rows, index }, port) => {
    const saved = meta.sides[port]!
    rows.restore(saved.rows, imageOf)
    if (index !== null) adopt(index, saved.index!)
  })
}
