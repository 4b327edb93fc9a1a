/**
 * The state of a join in a checkpoint. Pages come in the order of the meta: the key table's, then per side
 * those of its rows and of the index by whole row.
 */
import type { CheckpointPart } from "../engine-checkpoint.ts"
import type { Losses } from "../losses.ts"
import type { JoinOperator } from "../operators/join.ts"
import type { CapturedState, PageGroup } from "../operators/stateful-operator.ts"
import type { RowStoreMeta } from "../state/row-snapshot.ts"
import { pagesOf, tableMeta } from "./capture.ts"
import type { TableMeta } from "./part-format.ts"
import { jsonPart, readJson } from "./part-format.ts"
import { adoptTables } from "./restore.ts"
import type { SavedState } from "./saved-state.ts"

interface JoinMeta {
  readonly keys: TableMeta
  readonly sides: readonly { readonly rows: RowStoreMeta; readonly index: TableMeta | null }[]
  readonly losses: Losses
}

export function captureJoin(operator: JoinOperator, allLosses: Losses): CapturedState {
  const { spec } = operator
  const losses = { ...allLosses }
  const keys = operator.keys.snapshot()
  const sides = operator.sides.map(({ rows, index }) => ({
    rows: rows.snapshot(),
    index: index?.snapshot() ?? null,
  }))
  const held = [keys, ...sides.flatMap(({ rows, index }) => (index === null ? [rows] : [rows, index]))]
  return {
    *parts(): Generator<CheckpointPart> {
      const meta: JoinMeta = {
        keys: tableMeta(keys),
        sides: sides.map(({ rows, index }) => ({
          rows: rows.meta,
          index: index === null ? null : tableMeta(index),
        })),
        losses,
      }
      yield jsonPart(`${spec.id}/meta`, meta)
    },
    *groups(): Generator<PageGroup> {
      yield { id: spec.id, pages: pagesOf(held) }
    },
    [Symbol.dispose]: () => {
      for (const each of held) each[Symbol.dispose]()
    },
  }
}

export function restoreJoin({ spec, keys, sides }: JoinOperator, parts: SavedState, losses: Losses): void {
  const meta = readJson<JoinMeta>(parts, `${spec.id}/meta`)
  const from = { id: spec.id, parts }
  Object.assign(losses, meta.losses)
  adoptTables([keys], [meta.keys], from)
  sides.forEach(({ rows, index }, port) => {
    const saved = meta.sides[port]!
    rows.restore(saved.rows, (sizeClass) => parts.take(spec.id, sizeClass, { mayBeOut: true }))
    if (index !== null) adoptTables([index], [saved.index!], from)
  })
}
