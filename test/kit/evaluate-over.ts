/** Window functions from their definitions: each row looks at its whole partition. */
import type { Scalar } from "../../src/columns/types.ts"
import type { Row } from "../../src/engine/kit/batches.ts"
import { scalarKey } from "../../src/engine/kit/batches.ts"
import { naiveAggregate } from "../../src/engine/kit/naive-aggregates.ts"
import type { AggregateName, Expression, FrameBound, OverCall } from "../../src/expr/expression.ts"
import type { OrderTerm, OverNode, RankFunction } from "../../src/plan/plan.ts"

export function partitions(positions: readonly number[], rows: readonly Row[]): readonly (readonly Row[])[] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const key = positions.map((position) => scalarKey(row[position]!)).join()
    const group = groups.get(key) ?? []
    group.push(row)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** By the terms, then by all columns. */
export function inOrder(order: readonly OrderTerm[], rows: readonly Row[]): readonly Row[] {
  const everything = (rows[0] ?? []).map((_, column) => ({ column, descending: false, nullsFirst: false }))
  return rows.toSorted((a, b) => compareRows([...order, ...everything], a, b))
}

function compareRows(order: readonly OrderTerm[], a: Row, b: Row): number {
  for (const { column, descending, nullsFirst } of order) {
    const [x, y] = [a[column]!, b[column]!]
    if (x === null && y === null) continue
    if (x === null || y === null) return (x === null) === nullsFirst ? -1 : 1
    const compared = compareValues(x, y)
    if (compared !== 0) return descending ? -compared : compared
  }
  return 0
}

function compareValues(a: Scalar, b: Scalar): number {
  if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a! < b! ? -1 : a! > b! ? 1 : 0
}

export function ranksOf(name: RankFunction, sorted: readonly Row[], order: readonly OrderTerm[]): bigint[] {
  if (name === "row_number") return sorted.map((_, i) => BigInt(i + 1))
  const starts = sorted.map((row) => sorted.findIndex((other) => compareRows(order, row, other) === 0))
  if (name === "rank") return starts.map((start) => BigInt(start + 1))
  const different = [...new Set(starts)]
  return starts.map((start) => BigInt(different.indexOf(start) + 1))
}

type Values = (expression: Expression, rows: readonly Row[]) => readonly Scalar[]

export function evaluateOver(node: OverNode, rows: readonly Row[], values: Values): readonly Row[] {
  return partitions(node.partition, rows).flatMap((members) => {
    const sorted = inOrder(node.order, members)
    const peers = node.order.slice(0, node.peerTerms)
    const columns = node.calls.map((call) => column(call, { sorted, peers, values }))
    return sorted.map((row, i) => [...row, ...columns.map((each) => each[i]!)])
  })
}

interface Partition {
  readonly sorted: readonly Row[]
  readonly peers: readonly OrderTerm[]
  readonly values: Values
}

function column(call: OverCall, partition: Partition): readonly Scalar[] {
  const { sorted, peers } = partition
  const count = sorted.length
  const args = call.args.map((arg) => partition.values(arg, sorted))
  const first = (i: number) => sorted.findIndex((row) => compareRows(peers, row, sorted[i]!) === 0)
  const last = (i: number) => sorted.findLastIndex((row) => compareRows(peers, row, sorted[i]!) === 0)
  switch (call.name) {
    case "row_number":
    case "rank":
    case "dense_rank":
      return ranksOf(call.name, sorted, peers)
    case "percent_rank":
      return sorted.map((_, i) => (count === 1 ? 0 : first(i) / (count - 1)))
    case "cume_dist":
      return sorted.map((_, i) => (last(i) + 1) / count)
    case "ntile":
      return sorted.map((_, i) => ntile(i, count, Number(args[0]![i])))
    case "lag":
    case "lead":
      return sorted.map((_, i) => {
        const offset = args[1]![i]
        if (offset === null) return null
        const at = call.name === "lag" ? i - Number(offset) : i + Number(offset)
        return at >= 0 && at < count ? args[0]![at]! : (args[2]?.[i] ?? null)
      })
    default:
      return sorted.map((_, i) => framed(call, i, { ...partition, args }))
  }
}

function ntile(i: number, count: number, buckets: number): number {
  const [size, larger] = [Math.floor(count / buckets), count % buckets]
  const border = larger * (size + 1)
  return (i < border ? Math.floor(i / (size + 1)) : larger + Math.floor((i - border) / size)) + 1
}

interface Framed extends Partition {
  readonly args: readonly (readonly Scalar[])[]
}

function framed(call: OverCall, i: number, { sorted, peers, values, args }: Framed): Scalar {
  const frame = call.frame!
  const passed = call.filter === null ? sorted.map(() => true) : values(call.filter, sorted)
  const isPeer = (j: number) => compareRows(peers, sorted[j]!, sorted[i]!) === 0
  const excluded = (j: number) =>
    (frame.exclude === "current row" && j === i) ||
    (frame.exclude === "group" && isPeer(j)) ||
    (frame.exclude === "ties" && isPeer(j) && j !== i)
  const within = [...sorted.keys()].filter(
    (j) => !before(j, i, frame.start) && !after(j, i, frame.end) && !excluded(j),
  )
  const groupOf = (at: number) => new Set(ranksOf("dense_rank", sorted.slice(0, at + 1), peers)).size
  function before(j: number, at: number, bound: FrameBound): boolean {
    return edge(j, at, bound) < 0
  }
  function after(j: number, at: number, bound: FrameBound): boolean {
    return edge(j, at, bound) > 0
  }
  function edge(j: number, at: number, bound: FrameBound): number {
    if (bound.kind === "unbounded-preceding") return 1
    if (bound.kind === "unbounded-following") return -1
    if (frame.unit === "rows") return j - at - (bound.kind === "offset" ? Number(bound.offset) : 0)
    if (bound.kind === "current-row") return compareRows(peers, sorted[j]!, sorted[at]!)
    if (frame.unit === "groups") return groupOf(j) - groupOf(at) - Number(bound.offset)
    const { column: place, descending } = peers[0]!
    const [x, y] = [sorted[j]![place]!, sorted[at]![place]!]
    if (x === null || y === null) return x === y ? 0 : compareRows(peers, sorted[j]!, sorted[at]!)
    const distance = Number(x) - Number(y)
    return (descending ? -distance : distance) - Number(bound.offset)
  }
  switch (call.name) {
    case "first_value":
      return within.length === 0 ? null : args[0]![within[0]!]!
    case "last_value":
      return within.length === 0 ? null : args[0]![within.at(-1)!]!
    case "nth_value": {
      const at = within[Number(args[1]![i]) - 1]
      return at === undefined ? null : args[0]![at]!
    }
    default: {
      const [argument = null] = call.args
      const members = within.filter((j) => passed[j] === true)
      const { type, nullable } = call
      const name = call.name as AggregateName
      return naiveAggregate(
        { kind: "aggregate", name, argument, distinct: false, type, nullable },
        members.map((j) => [true, argument === null ? null : args[0]![j]!]),
      )
    }
  }
}
