/**
 * Where the two sides of a join keep what. Both share one key table, whose slots hold the key and the first
 * row of each side; rows of a key are linked. A row counts how often it is there and, where rows without a
 * partner matter, its partners.
 *
 *   key table   | hash | key | first left, first right |
 *                                |            `-> | hash | fields | next, previous | times, partners | ...
 *                                `-> row -> row -> ...
 */
import type { LogicalType } from "../../columns/types.ts"
import { typeName } from "../../columns/types.ts"
import { wordsPerRow } from "../../columns/vector.ts"
import { assert } from "../../std/assert.ts"
import type { JoinSide, JoinSpec } from "../dataflow.ts"
import type { RowShape } from "../state/row-page.ts"
import type { SlotField } from "../state/slot-layout.ts"
import { SlotLayout } from "../state/slot-layout.ts"

export interface JoinPlan {
  readonly spec: JoinSpec
  readonly sides: readonly [SidePlan, SidePlan]
  readonly keyLayout: SlotLayout
  readonly keyFields: readonly SlotField[]
  /** Left and right rows make one output row. */
  readonly putsPairs: boolean
}

export interface SidePlan {
  readonly side: JoinSide
  readonly shape: RowShape
  readonly fields: readonly SlotField[]
  /** Half-words of a row. */
  readonly nextHalf: number
  readonly previousHalf: number
  readonly timesHalf: number
  readonly partnersHalf: number
  /** Hash of the whole row, null where no row is taken back and so none is looked for. */
  readonly rowHashHalf: number | null
  /** Half-word of a key's slot: its first row of this side. */
  readonly headHalf: number
  /** What the number of its partners decides: whether a row is put out by itself. */
  readonly shown: "never" | "without-partner" | "with-partner"
  /** Rows without a partner are put out when they go. */
  readonly waits: boolean
  /** One partner tells as much as many: the other side asks whether there is one, and none is taken back. */
  readonly oneIsEnough: boolean
  /** Of rows with equal keys the first is kept: they go at the same time, and any of them will do. */
  readonly keepsFirst: boolean
}

/** How a row that has no key, and so is in no list, is marked in place of its previous row. */
export const UNLINKED = -1

export interface JoinInputs {
  /** Whether rows of the left and of the right side can be taken back. */
  readonly retracting: readonly [boolean, boolean]
}

export function planJoin(spec: JoinSpec, { retracting }: JoinInputs): JoinPlan {
  const { left, right } = spec
  const keyLayout = new SlotLayout(0)
  const keyFields = left.keys.map((at, k) => {
    const type = left.columns[at]!.type
    const other = right.columns[right.keys[k]!]!.type
    assert(sameWords(type, other), `${spec.id} compares ${typeName(type)} with ${typeName(other)}`)
    return keyLayout.addField(type, false)
  })
  const heads = keyLayout.addWords(1) * 2
  return {
    spec,
    sides: [
      planSide(spec, "left", { headHalf: heads, retracts: retracting[0] }),
      planSide(spec, "right", { headHalf: heads + 1, retracts: retracting[1] }),
    ],
    keyLayout,
    keyFields,
    putsPairs: spec.type !== "semi" && spec.type !== "anti",
  }
}

function planSide(
  spec: JoinSpec,
  name: "left" | "right",
  { headHalf, retracts }: { readonly headHalf: number; readonly retracts: boolean },
): SidePlan {
  const side = spec[name]
  const layout = new SlotLayout(side.columns.filter((column) => column.nullable).length)
  const fields = side.columns.map(({ type, nullable }) => layout.addField(type, nullable))
  const links = layout.addWords(1) * 2
  const counts = layout.addWords(1) * 2
  const rowHashHalf = retracts ? layout.addWords(1) * 2 : null
  const shown = shownBy(spec, name)
  const timeWord = side.expiry === null ? null : fields[side.expiry.at]!.offset
  const oneIsEnough = name === "right" && (spec.type === "semi" || spec.type === "anti") && !retracts
  return {
    side,
    shape: { ...layout.shape, markHalf: links + 1, timeWord },
    fields,
    nextHalf: links,
    previousHalf: links + 1,
    timesHalf: counts,
    partnersHalf: counts + 1,
    rowHashHalf,
    headHalf,
    shown,
    waits: shown === "without-partner" && spec.emit === "final" && side.expiry !== null,
    oneIsEnough,
    keepsFirst:
      oneIsEnough && spec.condition === null && (side.expiry === null || side.keys.includes(side.expiry.at)),
  }
}

function shownBy({ type }: JoinSpec, name: "left" | "right"): SidePlan["shown"] {
  if (type === "full") return "without-partner"
  if (type === "inner" || name === "right") return "never"
  return type === "semi" ? "with-partner" : "without-partner"
}

/** The two types hold equal values as equal words. */
function sameWords(a: LogicalType, b: LogicalType): boolean {
  if (a.kind === "decimal" && b.kind === "decimal")
    return a.scale === b.scale && wordsPerRow(a) === wordsPerRow(b)
  return a.kind === b.kind
}
