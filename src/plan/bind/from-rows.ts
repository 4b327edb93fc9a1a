/** The rows of a FROM clause, and the names that reach their columns. */
import { joinNode } from "../nodes/join.ts"
import type { PlanNode } from "../plan.ts"
import type { Relation, VisibleColumn } from "./context.ts"

export interface FromRows {
  readonly node: PlanNode
  /** Reached by a bare name, in the order of `*`. */
  readonly columns: readonly VisibleColumn[]
  /** Reached by `name.column` and `name.*`. */
  readonly items: readonly NamedItem[]
  /** The joins of this FROM (and the projections between them), with the byte of the word JOIN. Conditions of
   *  WHERE may still go into them, and only then is it known what bounds them. */
  readonly joins: ReadonlyMap<PlanNode, number | null>
}

export interface NamedItem {
  readonly name: string
  readonly columns: readonly VisibleColumn[]
}

const NO_JOINS: FromRows["joins"] = new Map()

/** One relation; a subquery without an alias has no name. */
export function rowsOf({ node, columns }: Relation, name: string | null): FromRows {
  return { node, columns, items: name === null ? [] : [{ name, columns }], joins: NO_JOINS }
}

/** Both sides' columns, `second`'s behind `first`'s; names are in the order of `left`, `right`. */
export function sideBySide(left: FromRows, right: FromRows, swapped: boolean): FromRows {
  const [first, second] = swapped ? [right, left] : [left, right]
  const shift = first.node.columns.length
  const moved = (rows: FromRows): FromRows => (rows === second ? moveRows(rows, shift) : rows)
  const node = joinNode({
    type: "inner",
    left: first.node,
    right: second.node,
    keys: [],
    condition: null,
    bound: null,
    once: false,
  })
  const sides = [left, right].map(moved)
  return {
    node,
    columns: sides.flatMap(({ columns }) => columns),
    items: sides.flatMap(({ items }) => items),
    joins: new Map([...left.joins, ...right.joins]),
  }
}

function moveRows(rows: FromRows, shift: number): FromRows {
  const move = (column: VisibleColumn): VisibleColumn => ({ ...column, index: column.index + shift })
  return {
    ...rows,
    columns: rows.columns.map(move),
    items: rows.items.map(({ name, columns }) => ({ name, columns: columns.map(move) })),
  }
}
