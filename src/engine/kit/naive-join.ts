/** Every pair of rows, from all rows that were ever taken. */
import type { Expiry, JoinSide, JoinSpec } from "../dataflow.ts"
import { NO_WATERMARK } from "../dataflow.ts"
import { Bag } from "./bag.ts"
import type { Row } from "./batches.ts"
import { scalarKey } from "./batches.ts"
import { holds, NaiveFailure } from "./naive-expressions.ts"

export function naiveJoin(spec: JoinSpec, left: Bag, right: Bag, watermark: bigint): Bag {
  const out = new Bag()
  const matchedRight = new Set<Row>()
  for (const [row, weight] of left.entries()) {
    const partners = right.entries().filter(([other]) => pairs(spec, row, other))
    if (spec.type === "semi" && partners.length > 0) out.add(row, weight)
    if (partners.length === 0 && isShown(spec, row, spec.left.expiry, watermark)) {
      if (spec.type === "anti") out.add(row, weight)
      if (spec.type === "left" || spec.type === "full") out.add([...row, ...nulls(spec.right)], weight)
    }
    for (const [other, times] of partners) {
      matchedRight.add(other)
      if (spec.type !== "semi" && spec.type !== "anti") out.add([...row, ...other], weight * times)
    }
  }
  if (spec.type !== "full") return out
  for (const [row, weight] of right.entries()) {
    if (matchedRight.has(row) || !isShown(spec, row, spec.right.expiry, watermark)) continue
    out.add([...nulls(spec.left), ...row], weight)
  }
  return out
}

function pairs(spec: JoinSpec, left: Row, right: Row): boolean {
  const equal = spec.left.keys.every((at, k) => {
    const [a, b] = [left[at]!, right[spec.right.keys[k]!]!]
    return a !== null && b !== null && scalarKey(a) === scalarKey(b)
  })
  try {
    return equal && holds(spec.condition, [...left, ...right])
  } catch (error) {
    if (error instanceof NaiveFailure) return false
    throw error
  }
}

/** A row without a partner waits, where rows come once, until none can come. */
function isShown({ emit }: JoinSpec, row: Row, expiry: Expiry | null, watermark: bigint): boolean {
  if (emit === "changes" || expiry === null) return true
  const time = row[expiry.at] as bigint | null
  return time !== null && watermark !== NO_WATERMARK && time + expiry.keepUs <= watermark
}

const nulls = (side: JoinSide): Row => side.columns.map(() => null)
