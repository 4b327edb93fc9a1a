/** What binding one view carries along: its SQL, the names it can read, and the problems found so far. */
import type { Expression } from "../../expr/expression.ts"
import type { Finding } from "../errors.ts"
import { Abandoned, Refused } from "../errors.ts"
import type { PlanNode } from "../plan.ts"

/** Rows that a FROM item, a WITH query or a whole SELECT stands for. */
export interface Relation {
  readonly node: PlanNode
  /** Columns that SQL sees, with their positions in the node's row; hidden ones are left out. */
  readonly columns: readonly VisibleColumn[]
  /** Untyped literals among the columns, by position here: a UNION ALL may still give them a type. */
  readonly untyped: ReadonlyMap<number, string | null>
  /** Conditions that tie a subquery to the query around it: over the node's columns, some of them hidden, and
   *  columns of the outer query. None by default. */
  readonly correlation?: readonly Expression[]
  /** What the columns are over no rows: of aggregates without GROUP BY, which give one row all the same. */
  readonly emptyValues?: readonly Expression[]
}

export interface VisibleColumn {
  readonly name: string
  readonly index: number
  /** Where a SELECT list computes it, for problems about the column as such. */
  readonly byte?: number | null
}

/** How names in FROM are found; throws Refused or Abandoned. */
export interface Catalog {
  /** Null when there is no such event or view. `side`: not the rows of a process, but of a side output. */
  scan(name: string, byte: number | null, side?: number): PlanNode | null
  readonly names: readonly string[]
}

export interface ViewContext {
  readonly sql: string
  readonly catalog: Catalog
  /** The view declares state: "unbounded". */
  readonly acceptsUnboundedState: boolean
  /** Of rows that wait in joins which nothing else bounds: declared as state: { timeToLive }. */
  readonly timeToLiveUs: bigint | null
  report(finding: Finding, byte: number | null): void
}

/** WITH queries that are visible at some place; null: its problems were reported already. */
export type CommonTables = ReadonlyMap<string, Relation | null>

/** Runs one clause; a problem in it is reported, and its neighbours are still looked at. */
export function attempt<T>(view: ViewContext, task: () => T): T | null {
  try {
    return task()
  } catch (error) {
    if (error instanceof Refused) {
      view.report(error.finding, error.byte)
      return null
    }
    if (error instanceof Abandoned) return null
    throw error
  }
}

/** The task's value; gives up in silence where its problems were reported. */
export function present<T>(value: T | null): T {
  if (value === null) throw new Abandoned("its problems were reported")
  return value
}

export function allColumns(node: PlanNode): readonly VisibleColumn[] {
  return node.columns.map((column, index) => ({ name: column.name, index }))
}

export const NO_UNTYPED: ReadonlyMap<number, string | null> = new Map()

export function relationOf(node: PlanNode, columns: readonly VisibleColumn[] = allColumns(node)): Relation {
  return { node, columns, untyped: NO_UNTYPED }
}
