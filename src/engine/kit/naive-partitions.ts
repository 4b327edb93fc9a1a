/** Rank and OVER over all rows of a partition, straight from their definitions. */
import type { Scalar } from "../../columns/types.ts"
import type { AggregateCall, Expression, FrameBound, OverCall } from "../../expr/expression.ts"
import type { OrderSpec, OverSpec, RankSpec } from "../dataflow.ts"
import { Bag } from "./bag.ts"
import type { Row } from "./batches.ts"
import { rowKey } from "./batches.ts"
import { compare, naiveAggregate } from "./naive-aggregates.ts"
import { evaluate } from "./naive-expressions.ts"

export function naiveRank(spec: RankSpec, rows: Bag): Bag {
  const out = new Bag()
  const last = spec.limit === null ? null : spec.offset + spec.limit
  for (const partition of partitionsOf(rows, spec.partition, spec.order)) {
    partition.forEach((row, k) => {
      const number = rankOf(spec, partition, row, k)
      if (number <= spec.offset || (last !== null && number > last)) return
      out.add(spec.ranked ? [...row, number] : row, 1)
    })
  }
  return out
}

function rankOf(
  { function: name, order }: RankSpec,
  partition: readonly Row[],
  row: Row,
  at: number,
): bigint {
  if (name === "row_number") return BigInt(at + 1)
  const better = partition.filter((other) => compareRows(order, other, row) < 0)
  if (name === "rank") return BigInt(better.length + 1)
  return BigInt(new Set(better.map((other) => rowKey(order.map(({ column }) => other[column]!)))).size + 1)
}

export function naiveOver(spec: OverSpec, rows: Bag): Bag {
  const out = new Bag()
  const terms = spec.order.slice(0, spec.peerTerms)
  for (const partition of partitionsOf(rows, spec.partition, spec.order)) {
    partition.forEach((row, k) => {
      out.add([...row, ...spec.calls.map((call) => overValue(call, partition, k, terms, spec.order[0]))], 1)
    })
  }
  return out
}

function overValue(
  call: OverCall,
  partition: readonly Row[],
  k: number,
  terms: readonly OrderSpec[],
  first: OrderSpec | undefined,
): Scalar {
  const row = partition[k]!
  const count = partition.length
  const before = partition.filter((other) => compareRows(terms, other, row) < 0).length
  const until = partition.filter((other) => compareRows(terms, other, row) <= 0).length
  const arg = (index: number, of: Row = row): Scalar => evaluate(call.args[index]!, of)
  const frame = partition.filter(
    (other, j) => inFrame(call, partition, k, j, terms, first) && other !== undefined,
  )
  switch (call.name) {
    case "row_number":
      return BigInt(k + 1)
    case "rank":
      return BigInt(before + 1)
    case "dense_rank":
      return BigInt(
        new Set(partition.slice(0, before).map((r) => rowKey(terms.map((t) => r[t.column]!)))).size + 1,
      )
    case "percent_rank":
      return count === 1 ? 0 : before / (count - 1)
    case "cume_dist":
      return until / count
    case "ntile": {
      const tiles = Number(arg(0))
      const sizes = Array.from(
        { length: tiles },
        (_, t) => Math.floor(count / tiles) + (t < count % tiles ? 1 : 0),
      )
      const endOf = (tile: number) => sizes.slice(0, tile + 1).reduce((sum, size) => sum + size, 0)
      return sizes.findIndex((_, tile) => k < endOf(tile)) + 1
    }
    case "lag":
    case "lead": {
      const by = call.args.length > 1 ? arg(1) : 1n
      if (by === null) return null
      const target = partition[k + (call.name === "lag" ? -1 : 1) * Number(by)]
      return target !== undefined ? arg(0, target) : call.args.length > 2 ? arg(2) : null
    }
    case "first_value":
      return frame.length === 0 ? null : arg(0, frame[0]!)
    case "last_value":
      return frame.length === 0 ? null : arg(0, frame.at(-1)!)
    case "nth_value": {
      const found = frame[Number(arg(1)) - 1]
      return found === undefined ? null : arg(0, found)
    }
    default: {
      const taken = frame.filter((other) => call.filter === null || evaluate(call.filter, other) === true)
      const { name, type, nullable } = call
      const argument: Expression | null = call.args[0] ?? null
      const plain: AggregateCall = { kind: "aggregate", name, argument, distinct: false, type, nullable }
      return naiveAggregate(
        plain,
        taken.map((other) => [true, argument === null ? null : evaluate(argument, other)]),
      )
    }
  }
}

/** Is row j in the frame of row k? */
function inFrame(
  { frame }: OverCall,
  partition: readonly Row[],
  k: number,
  j: number,
  terms: readonly OrderSpec[],
  first: OrderSpec | undefined,
): boolean {
  if (frame === null) return true
  const along = compareRows(terms, partition[j]!, partition[k]!)
  const distance = (bound: Extract<FrameBound, { kind: "offset" }>): number => {
    const [own, other] = [partition[k]![first!.column]!, partition[j]![first!.column]!]
    if (own === null || other === null) return along
    const step = first!.descending ? -Number(bound.offset) : Number(bound.offset)
    const difference = Number(other) - (Number(own) + step)
    return first!.descending ? -difference : difference
  }
  const groupOf = (at: number): number =>
    partition.slice(1, at + 1).filter((row, before) => compareRows(terms, partition[before]!, row) !== 0)
      .length
  const afterStart = (bound: FrameBound): boolean => {
    if (bound.kind === "unbounded-preceding") return true
    if (bound.kind === "unbounded-following") return false
    if (bound.kind === "current-row") return frame.unit === "rows" ? j >= k : along >= 0
    if (frame.unit === "groups") return groupOf(j) - groupOf(k) >= Number(bound.offset)
    return frame.unit === "rows" ? j >= k + Number(bound.offset) : distance(bound) >= 0
  }
  const beforeEnd = (bound: FrameBound): boolean => {
    if (bound.kind === "unbounded-preceding") return false
    if (bound.kind === "unbounded-following") return true
    if (bound.kind === "current-row") return frame.unit === "rows" ? j <= k : along <= 0
    if (frame.unit === "groups") return groupOf(j) - groupOf(k) <= Number(bound.offset)
    return frame.unit === "rows" ? j <= k + Number(bound.offset) : distance(bound) <= 0
  }
  const { exclude } = frame
  const excluded =
    (exclude === "current row" && j === k) ||
    (exclude === "group" && along === 0) ||
    (exclude === "ties" && along === 0 && j !== k)
  return afterStart(frame.start) && beforeEnd(frame.end) && !excluded
}

/** Rows of each partition in order, each as often as it is there. */
export function partitionsOf(rows: Bag, partition: readonly number[], order: readonly OrderSpec[]): Row[][] {
  const found = new Map<string, Row[]>()
  for (const row of rows.rows()) {
    const key = rowKey(partition.map((column) => row[column]!))
    found.set(key, [...(found.get(key) ?? []), row])
  }
  return [...found.values()].map((all) => all.sort((a, b) => compareRows(order, a, b) || compareWhole(a, b)))
}

function compareRows(order: readonly OrderSpec[], a: Row, b: Row): number {
  for (const { column, descending, nullsFirst } of order) {
    const [x, y] = [a[column]!, b[column]!]
    if (x === null && y === null) continue
    if (x === null || y === null) return (x === null) === nullsFirst ? -1 : 1
    const difference = compare(x, y)
    if (difference !== 0) return descending ? -difference : difference
  }
  return 0
}

function compareWhole(a: Row, b: Row): number {
  const order = a.map((_, column) => ({ column, descending: false, nullsFirst: false }))
  return compareRows(order, a, b)
}
