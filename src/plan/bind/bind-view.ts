/** One view's parsed SQL -> its plan, with every problem that can be found. */
import type { SelectStmt } from "libpg-query"
import { assert } from "../../std/assert.ts"
import type { Finding } from "../errors.ts"
import { findings } from "../errors.ts"
import { fingerprintPlan } from "../fingerprint.ts"
import { aggregateNode } from "../nodes/aggregate.ts"
import { joinNode } from "../nodes/join.ts"
import { namesOf, rebuild } from "../nodes/rebuild.ts"
import type { PlanNode, ViewPlan } from "../plan.ts"
import type { ViewDefinition } from "../view.ts"
import { NO_NAME } from "./bind-clauses.ts"
import { bindQuery, refuseOrder } from "./bind-query.ts"
import type { Catalog, ViewContext, VisibleColumn } from "./context.ts"
import { attempt } from "./context.ts"
import { isTooLarge } from "./plan-size.ts"
import { sessionProblem } from "./session-use.ts"
import { closes, hasWindows, stateBound, whyNotFinal } from "./state-bound.ts"

/** An event or a view that was read, as far as a plan depends on it. */
export interface ReadSource {
  readonly source: "event" | "view"
  readonly fingerprint: string
  /** How long its rows are corrected after their window closed; 0 for events. */
  readonly allowedLatenessMs: number
}

export interface BindViewParts {
  readonly definition: ViewDefinition
  readonly select: SelectStmt
  readonly catalog: Catalog
  /** Filled by the catalog while names are resolved. */
  readonly reads: ReadonlyMap<string, ReadSource>
  readonly report: (finding: Finding, byte: number | null) => void
}

/** Null when the SQL does not bind. A view that binds but breaks a rule is reported and still has a plan, so
 *  that the views that read it can be checked. */
export function bindView({ definition, select, catalog, reads, report }: BindViewParts): ViewPlan | null {
  const { sql } = definition
  let problems = 0
  const view: ViewContext = {
    sql,
    catalog,
    acceptsUnboundedState: definition.state === "unbounded",
    timeToLiveUs: typeof definition.state === "object" ? definition.state.timeToLiveUs : null,
    report(finding, byte) {
      if (finding.code !== "unbounded-state") problems++
      report(finding, byte)
    },
  }
  refuseOrder(select, view)
  const relation = attempt(view, () => bindQuery(select, { tables: new Map(), view, outer: null }))
  if (relation === null) return null
  assert(relation.columns.length === relation.node.columns.length, "a query's columns are all visible")
  if (isTooLarge(relation.node)) {
    view.report(findings.planTooLarge(), null)
    return null
  }
  const misused = sessionProblem(relation.node, view)
  if (misused !== null) view.report(misused, null)
  checkColumns(relation.columns, view)
  if (problems > 0) return null
  checkEmission(relation.node, definition, view)
  return viewPlan(definition, relation.node, reads)
}

/** A bound query as the plan of a view. */
export function viewPlan(
  definition: ViewDefinition,
  node: PlanNode,
  reads: BindViewParts["reads"],
): ViewPlan {
  const { sql, emit, name, description } = definition
  const inherited = [...reads.values()].map((read) => read.allowedLatenessMs)
  const allowedLatenessMs = Math.max(definition.allowedLatenessMs, ...inherited)
  const root = emit === "final" && allowedLatenessMs === 0 ? onceAtClose(node) : node
  const readsOf = (source: "event" | "view") =>
    [...reads].filter(([, read]) => read.source === source).map(([readName]) => readName)
  const inputs = new Map([...reads].map(([readName, read]) => [readName, read.fingerprint]))
  return Object.freeze({
    kind: "view",
    name,
    description,
    sql,
    root,
    columns: root.columns,
    key: root.key,
    emit,
    allowedLatenessMs,
    state: stateBound(root),
    events: readsOf("event"),
    views: readsOf("view"),
    fingerprint: fingerprintPlan({ root, emit, allowedLatenessMs, inputs }),
  })
}

const COLUMN_NAME = /^[a-z_][a-z0-9_]{0,62}$/

/** Reports columns without a name, with one that cannot be, or with one that another has. */
export function checkColumns(
  columns: readonly Omit<VisibleColumn, "index">[],
  view: Pick<ViewContext, "report">,
): void {
  const seen = new Set<string>()
  for (const [i, { name, byte = null }] of columns.entries()) {
    if (name === NO_NAME) view.report(findings.unnamedColumn(i + 1), byte)
    else if (!COLUMN_NAME.test(name)) view.report(findings.columnName(name), byte)
    else if (seen.has(name)) view.report(findings.duplicateColumn(name), byte)
    seen.add(name)
  }
}

function checkEmission(root: PlanNode, definition: ViewDefinition, view: ViewContext): void {
  const reason = definition.emit === "final" ? whyNotFinal(root) : null
  if (reason !== null) view.report(findings.finalNeedsWindow(reason), null)
  if (definition.allowedLatenessMs > 0 && !hasWindows(root)) view.report(findings.latenessNeedsWindow(), null)
}

/** Groups of a window, and rows that found no partner in time, come once: their output is append-only. */
function onceAtClose(root: PlanNode): PlanNode {
  return rebuild(root, (node) => {
    if (node.kind === "join" && closes(node)) return joinNode({ ...node, once: true })
    if (node.kind !== "aggregate" || node.windowKeys === null) return node
    const { input, keys, aggregates } = node
    return aggregateNode({ input, keys, aggregates, names: namesOf(node), once: true })
  })
}
