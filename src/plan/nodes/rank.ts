/**
 * ORDER BY with LIMIT, DISTINCT ON, and ROW_NUMBER, RANK or DENSE_RANK with a bound: the first rows of each
 * partition. A row may leave when a better one comes, so that the output takes rows back.
 */
import { INT64 } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { RankNode } from "../plan.ts"

export type RankParts = Pick<
  RankNode,
  "input" | "partition" | "order" | "function" | "offset" | "limit" | "ranked"
>

/** Name of the column that a ranked node adds. */
export const RANK_COLUMN = "row_rank"

export function rankNode(parts: RankParts): RankNode {
  const { input, order, offset, limit, ranked } = parts
  assert(offset >= 0n && (limit === null || limit >= 0n), "ranks are counted from the first row")
  for (const { column } of order) assert(column < input.columns.length, "rows are ordered by their columns")
  const { columns, delayUs } = input
  return Object.freeze({
    kind: "rank",
    ...parts,
    columns: ranked ? [...columns, { name: RANK_COLUMN, type: INT64, nullable: false }] : columns,
    changes: "retract",
    key: keyOf(parts),
    ...timesOf(parts),
    delayUs,
  })
}

/** A row may be taken back when a far later one comes, unless its partition closes with its window: then, and
 *  only then, do times say when no more changes come. */
export function timesOf({
  input,
  partition,
}: Pick<RankNode, "input" | "partition">): Pick<RankNode, "timeColumn" | "windowColumns"> {
  const { timeColumn, windowColumns } = input
  const closes = partition.some((index) => index === windowColumns?.start || index === windowColumns?.end)
  return closes ? { timeColumn, windowColumns } : { timeColumn: null, windowColumns: null }
}

/** One row per partition, or one per number in it, is a key also where the input has none. */
function keyOf({ input, partition, function: name, limit, ranked }: RankParts): readonly number[] | null {
  if (name === "row_number" && limit === 1n) return partition
  if (name === "row_number" && ranked) return [...partition, input.columns.length]
  return input.key
}
