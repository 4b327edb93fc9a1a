/** One SELECT: what it may not hold is refused, its clauses are bound, and its nodes are put together. */
import type { SelectStmt } from "libpg-query"
import { Abandoned, Refused } from "../errors.ts"
import { startOf } from "../sql/tree.ts"
import { unsupported } from "../unsupported.ts"
import { bindClauses } from "./bind-clauses.ts"
import type { FromContext } from "./bind-from.ts"
import { bindFrom } from "./bind-from.ts"
import type { Relation } from "./context.ts"
import { planSelect } from "./select-plan.ts"

/** @throws Refused, Abandoned */
export function bindSelect(select: SelectStmt, context: FromContext): Relation {
  const nodes = select.targetList ?? []
  const from = select.fromClause ?? []
  if ((select.valuesLists ?? []).length > 0) throw new Abandoned("VALUES was refused")
  if (from.length === 0) throw new Refused(unsupported("no-from"), startOf(nodes))
  if (nodes.length === 0) throw new Refused(unsupported("no-columns"), startOf(from))
  const rows = bindFrom(from, context)
  return planSelect(bindClauses(select, rows, context), context.view)
}
