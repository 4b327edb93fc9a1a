/**
 * GROUPING SETS, ROLLUP and CUBE as lists of items, one a set. Several items of GROUP BY combine: each set of
 * the one with each of the other.
 *
 *   ROLLUP (a, b)   (a, b) (a) ()        CUBE (a, b)   (a, b) (a) (b) ()
 */
import type { GroupingFunc, Node } from "libpg-query"
import { INT32 } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import { findings, Refused } from "../errors.ts"
import { startOf } from "../sql/tree.ts"
import type { Bound } from "./bound.ts"
import { settle, typed } from "./bound.ts"
import type { Binder, ExpressionContext } from "./expression-context.ts"
import { placeholder } from "./placeholders.ts"

/** Each set is a GROUP BY of its own over the same rows. */
const MAX_SETS = 64
/** grouping() is an integer of one bit an argument. */
const MAX_ARGUMENTS = 31

type Sets = readonly (readonly Node[])[]

/** @throws Refused grouping-sets-count */
export function groupingSets(items: readonly Node[]): Sets {
  return items.reduce<Sets>(
    (sets, item) => {
      const more = setsOf(item)
      const count = sets.length * more.length
      if (count > MAX_SETS) throw new Refused(findings.groupingSets(count, MAX_SETS), startOf(item))
      return sets.flatMap((set) => more.map((other) => [...set, ...other]))
    },
    [[]],
  )
}

function setsOf(item: Node): Sets {
  if (!("GroupingSet" in item)) return [membersOf(item)]
  const { kind, content = [] } = item.GroupingSet
  const parts = content.map(membersOf)
  switch (kind) {
    case "GROUPING_SET_EMPTY":
      return [[]]
    case "GROUPING_SET_ROLLUP":
      return [...parts.keys(), parts.length].map((left) => parts.slice(0, parts.length - left).flat())
    case "GROUPING_SET_CUBE": {
      if (2 ** parts.length > MAX_SETS)
        throw new Refused(findings.groupingSets(2 ** parts.length, MAX_SETS), startOf(item))
      return Array.from({ length: 2 ** parts.length }, (_, mask) =>
        parts.filter((_part, i) => ((mask >> i) & 1) === 0).flat(),
      )
    }
    default:
      assert(kind === "GROUPING_SET_SETS", `${kind} is a kind of grouping sets`)
      return content.flatMap(setsOf)
  }
}

/** `(a, b)` inside ROLLUP or CUBE comes and goes together. */
function membersOf(item: Node): readonly Node[] {
  return "RowExpr" in item && item.RowExpr.row_format === "COERCE_IMPLICIT_CAST"
    ? (item.RowExpr.args ?? [])
    : [item]
}

export interface GroupingRequest {
  readonly args: readonly Expression[]
  readonly byte: number | null
}

/** grouping(a, b): which of its arguments a row's set leaves out. */
export class GroupingCollector implements Binder<GroupingFunc> {
  readonly requests: GroupingRequest[] = []

  bind({ args = [], location }: GroupingFunc, context: ExpressionContext): Bound {
    const byte = location ?? null
    if (args.length > MAX_ARGUMENTS) throw new Refused(findings.groupingArgument(), byte)
    const inside = { ...context, aggregates: null, overs: null, groupings: null, clause: "grouping()" }
    const bound = args.map((arg) => settle(context.bind(arg, inside)))
    const number = this.requests.push({ args: bound, byte }) - 1
    return typed(placeholder("grouping", number, { name: "grouping", type: INT32, nullable: false }), byte)
  }
}
