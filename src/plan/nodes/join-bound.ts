/**
 * What follows from a join's keys and condition about the times of its pairs: the same window, or an interval
 * between the sides' times. Each comparison is read as l * left time + r * right time + c <= 0.
 *
 *   b.at BETWEEN a.at AND a.at + INTERVAL '1 hour'      lower 0, upper 1 hour
 *   b.at - a.at < INTERVAL '10 minutes'                 upper 10 minutes - 1 us
 */
import type { Interval } from "../../columns/types.ts"
import type { Expression } from "../../expr/expression.ts"
import { DAY_US } from "../duration-text.ts"
import { conjunctsOf, shifted } from "../expressions/join-condition.ts"
import type { JoinBound, JoinKey, PlanNode } from "../plan.ts"

interface Parts {
  readonly left: PlanNode
  readonly right: PlanNode
  readonly keys: readonly JoinKey[]
  readonly condition: Expression | null
}

/** Null when nothing says when a row can have no further partner. */
export function findBound(parts: Parts): JoinBound | null {
  return sharesWindows(parts) ? { kind: "windows" } : findInterval(parts)
}

/** Rows of equal ends go together; a start says as much where all windows are of one length. */
function sharesWindows({ left, right, keys }: Parts): boolean {
  const [a, b] = [left.windowColumns, right.windowColumns]
  if (a === null || b === null) return false
  const isPair = (x: number | null, y: number | null) =>
    x !== null &&
    y !== null &&
    keys.some(
      (key) =>
        key.left.kind === "column" &&
        key.right.kind === "column" &&
        key.left.index === x &&
        key.right.index === y,
    )
  const isPlain = (a.varying ?? b.varying ?? null) === null && a.sizeUs === b.sizeUs
  return isPair(a.end, b.end) || (isPlain && isPair(a.start, b.start))
}

/** left * left time + right * right time + us. */
interface Linear {
  readonly left: bigint
  readonly right: bigint
  readonly us: bigint
}

function findInterval({ left, right, keys, condition }: Parts): JoinBound | null {
  const [leftTime, rightTime] = [left.timeColumn, right.timeColumn]
  if (leftTime === null || rightTime === null) return null
  const width = left.columns.length
  const times = { left: timesOf(left), right: timesOf(right).map((index) => width + index) }
  const read = (expression: Expression) => linear(expression, times)
  const orders = [
    ...keys.flatMap((key) => equal(read(key.left), read(shifted(key.right, width)))),
    ...conjunctsOf(condition).flatMap((conjunct) => ordersOf(conjunct, read)),
  ]
  let lowerUs: bigint | null = null
  let upperUs: bigint | null = null
  for (const { less, more, gapUs } of orders) {
    const [l, r, us] = [less.left - more.left, less.right - more.right, less.us - more.us + gapUs]
    if (l === 1n && r === -1n && (lowerUs === null || us > lowerUs)) lowerUs = us
    if (l === -1n && r === 1n && (upperUs === null || -us < upperUs)) upperUs = -us
  }
  if (lowerUs === null || upperUs === null || lowerUs > upperUs) return null
  return { kind: "interval", leftTime, rightTime, lowerUs, upperUs }
}

/** The time and copies of it: a condition of a subquery reads one that the SELECT list does not see. */
function timesOf(node: PlanNode): readonly number[] {
  const { timeColumn } = node
  if (timeColumn === null) return []
  const time = node.kind === "project" ? node.expressions[timeColumn]! : null
  if (node.kind !== "project" || time?.kind !== "column") return [timeColumn]
  return node.expressions.flatMap((each, at) =>
    each.kind === "column" && each.index === time.index ? [at] : [],
  )
}

/** less + gap <= more. */
interface Order {
  readonly less: Linear
  readonly more: Linear
  readonly gapUs: bigint
}

type Read = (expression: Expression) => Linear | null

function ordersOf(conjunct: Expression, read: Read): readonly Order[] {
  if (conjunct.kind !== "call") return []
  const [a = null, b = null, c = null] = conjunct.args.map(read)
  switch (nameOf(conjunct.signature)) {
    case "lt":
      return order(a, b, 1n)
    case "lte":
      return order(a, b, 0n)
    case "gt":
      return order(b, a, 1n)
    case "gte":
      return order(b, a, 0n)
    case "between":
      return [...order(b, a, 0n), ...order(a, c, 0n)]
    case "eq":
      return equal(a, b)
    default:
      return []
  }
}

function order(less: Linear | null, more: Linear | null, gapUs: bigint): readonly Order[] {
  return less === null || more === null ? [] : [{ less, more, gapUs }]
}

const equal = (a: Linear | null, b: Linear | null): readonly Order[] => [
  ...order(a, b, 0n),
  ...order(b, a, 0n),
]

/** By side, the positions of times. */
interface Times {
  readonly left: readonly number[]
  readonly right: readonly number[]
}

function linear(expression: Expression, times: Times): Linear | null {
  if (expression.kind === "column") {
    if (times.left.includes(expression.index)) return { left: 1n, right: 0n, us: 0n }
    return times.right.includes(expression.index) ? { left: 0n, right: 1n, us: 0n } : null
  }
  if (expression.kind === "literal") return constant(expression.value)
  if (expression.kind !== "call" || !TIME_ARITHMETIC.has(expression.signature)) return null
  const [a, b] = expression.args.map((arg) => linear(arg, times))
  if (a == null || b == null) return null
  const sign = nameOf(expression.signature) === "add" ? 1n : -1n
  return { left: a.left + sign * b.left, right: a.right + sign * b.right, us: a.us + sign * b.us }
}

const TIME_ARITHMETIC = new Set([
  "add(timestamp,interval)",
  "add(interval,timestamp)",
  "add(interval,interval)",
  "subtract(timestamp,interval)",
  "subtract(timestamp,timestamp)",
  "subtract(interval,interval)",
])

/** Months vary in length. Constant timestamps say nothing about the distance of two rows. */
function constant(value: unknown): Linear | null {
  if (typeof value !== "object" || value === null || !("months" in value)) return null
  const { months, days, micros } = value as Interval
  return months === 0 ? { left: 0n, right: 0n, us: BigInt(days) * DAY_US + micros } : null
}

const nameOf = (signature: string): string => signature.slice(0, signature.indexOf("("))
