/**
 * Window functions put into the plan: one OverNode per partition and order, each over the rows of the one
 * before. What they partition and order by stands in columns first.
 */
import type { ColumnReference, Expression } from "../../expr/expression.ts"
import { findings } from "../errors.ts"
import { canonical } from "../expressions/canonical.ts"
import { overNode } from "../nodes/over.ts"
import { projectNode } from "../nodes/project.ts"
import { namesOf } from "../nodes/rebuild.ts"
import type { OrderTerm, PlanNode } from "../plan.ts"
import type { OverRequest } from "./bind-over.ts"
import type { ViewContext } from "./context.ts"
import { closesWithWindow } from "./state-bound.ts"

export interface PlacedOvers {
  readonly node: PlanNode
  /** The value of each request, in order. */
  readonly values: readonly Expression[]
}

interface Place {
  /** What an expression of the SELECT list is over the node's rows. */
  readonly map: (expression: Expression) => Expression
  /** Partitions besides those that the SQL names: what ties a subquery to the query around it. */
  readonly partition: readonly Expression[]
  readonly view: ViewContext
}

export function placeOvers(input: PlanNode, requests: readonly OverRequest[], place: Place): PlacedOvers {
  const groups = new Map<string, number[]>()
  const mapped = requests.map((request) => mapRequest(request, place))
  for (const [i, { partition, order }] of mapped.entries()) {
    const sorts = order.map(
      ({ value, descending, nullsFirst }) => `${canonical(value)}/${descending}/${nullsFirst}`,
    )
    const text = `${partition.map(canonical).join()};${sorts.join()}`
    groups.set(text, [...(groups.get(text) ?? []), i])
  }
  const values: Expression[] = []
  let node = input
  let growing = false
  for (const members of groups.values()) {
    const own = members.map((i) => mapped[i]!)
    const before = withColumns(node, own[0]!, input.timeColumn)
    const names = own.map(({ call }) => call.name)
    const calls = own.map(({ call }) => call)
    const { node: wide, partition, order, peerTerms } = before
    const over = overNode({ input: wide, partition, order, peerTerms, calls, names })
    growing ||= !closesWithWindow(over)
    node = over
    for (const [k, i] of members.entries()) values[i] = referTo(node, wide.columns.length + k)
  }
  if (growing && !place.view.acceptsUnboundedState) {
    const what = "OVER looks at neighbours that may still come, so the view keeps every row for ever"
    place.view.report(
      findings.unboundedState(
        what,
        'partition by window_end of tumble() or hop() too, or declare state: "unbounded" if their number ' +
          "stays within memory",
      ),
      requests[0]!.byte,
    )
  }
  return { node, values }
}

function mapRequest(
  { call, partition, order, byte }: OverRequest,
  { map, partition: tied }: Place,
): OverRequest {
  return {
    byte,
    partition: [...tied, ...partition.map(map)],
    order: order.map((sort) => ({ ...sort, value: map(sort.value) })),
    call: { ...call, args: call.args.map(map), filter: call.filter && map(call.filter) },
  }
}

interface Ordered {
  readonly node: PlanNode
  readonly partition: readonly number[]
  readonly order: readonly OrderTerm[]
  readonly peerTerms: number
}

/** Partition and order as columns; the event time settles the order of peers. */
function withColumns(node: PlanNode, { partition, order }: OverRequest, timeColumn: number | null): Ordered {
  const added: Expression[] = []
  const positionOf = (value: Expression): number => {
    if (value.kind === "column") return value.index
    const known = added.findIndex((other) => canonical(other) === canonical(value))
    return node.columns.length + (known >= 0 ? known : added.push(value) - 1)
  }
  const parts = [...new Set(partition.map(positionOf))]
  const terms = order.map(({ value, descending, nullsFirst }) => ({
    column: positionOf(value),
    descending,
    nullsFirst,
  }))
  const settled =
    timeColumn === null || terms.some(({ column }) => column === timeColumn)
      ? terms
      : [...terms, { column: timeColumn, descending: false, nullsFirst: false }]
  return { node: widened(node, added), partition: parts, order: settled, peerTerms: terms.length }
}

/** All columns, then those added. */
export function widened(node: PlanNode, added: readonly Expression[]): PlanNode {
  if (added.length === 0) return node
  const own = node.columns.map((_, index) => referTo(node, index))
  const names = [
    ...namesOf(node),
    ...added.map((each, i) => (each.kind === "column" ? each.name : `part_${i + 1}`)),
  ]
  return projectNode({ input: node, expressions: [...own, ...added], names })
}

export function referTo(node: PlanNode, index: number): ColumnReference {
  const { name, type, nullable } = node.columns[index]!
  return { kind: "column", index, name, type, nullable }
}
