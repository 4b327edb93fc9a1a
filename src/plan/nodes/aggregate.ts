/**
 * GROUP BY and DISTINCT. Groups that hold a window's start or end among their keys close with that window;
 * what they put out carries the window on, so that a further GROUP BY closes with it too.
 */
import type { AggregateCall, Expression } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import type { AggregateNode, ChangeKind, PlanNode, WindowColumns } from "../plan.ts"
import { startTellsEnd } from "./window.ts"

export interface AggregateParts {
  readonly input: PlanNode
  readonly keys: readonly Expression[]
  readonly aggregates: readonly AggregateCall[]
  /** Output names: of the keys, then of the aggregates. */
  readonly names: readonly string[]
  /** True when a group's row comes once, at its window's close, and is never corrected. */
  readonly once: boolean
}

export function aggregateNode({ input, keys, aggregates, names, once }: AggregateParts): AggregateNode {
  assert(names.length === keys.length + aggregates.length, "every output of a GROUP BY has a name")
  const typed = [...keys, ...aggregates]
  const windowKeys = findWindowKeys(input.windowColumns, keys)
  const windowColumns = carriedWindow(input.windowColumns, windowKeys)
  return Object.freeze({
    kind: "aggregate",
    input,
    keys,
    aggregates,
    windowKeys,
    columns: typed.map(({ type, nullable }, i) => ({ name: names[i]!, type, nullable })),
    changes: changesOf(input, keys, once && windowKeys !== null),
    key: keys.map((_, position) => position),
    timeColumn: windowKeys?.end ?? null,
    windowColumns,
    delayUs: input.delayUs,
  })
}

function findWindowKeys(
  window: WindowColumns | null,
  keys: readonly Expression[],
): AggregateNode["windowKeys"] {
  if (window === null) return null
  const find = (index: number | null) => {
    const position = keys.findIndex((key) => key.kind === "column" && key.index === index)
    return position < 0 ? null : position
  }
  const [start, end] = [find(window.start), find(window.end)]
  if (start === null && end === null) return null
  const { sessionKeys } = window
  if (sessionKeys !== undefined) return sessionKeys.every((key) => find(key) !== null) ? { start, end } : null
  return end === null && !startTellsEnd(window) ? null : { start, end }
}

/** The groups' rows carry their windows on where a column tells them apart. */
function carriedWindow(
  window: WindowColumns | null,
  keys: AggregateNode["windowKeys"],
): WindowColumns | null {
  if (window === null || keys === null || (keys.end === null && !startTellsEnd(window))) return null
  const { sessionKeys: _, ...rest } = window
  return { ...rest, ...keys }
}

/** A group whose rows can go again can vanish; the one group of no keys is always there. */
function changesOf(input: PlanNode, keys: readonly Expression[], once: boolean): ChangeKind {
  if (once) return "append"
  return input.changes === "append" || keys.length === 0 ? "upsert" : "retract"
}
