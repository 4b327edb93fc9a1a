/**
 * Rows that go and come again with other values under the same key: the store keeps the newer one of a key
 * anyway, so the older need not be sent. Both lists of a view's changes are in the order in which keys were
 * touched, so a pair is found close by; one that is not found is sent, which changes nothing.
 */
import type { ChangeBatch } from "../../../columns/batch.ts"
import { isVariableWidth } from "../../../columns/types.ts"
import { type Vector, wordsPerRow } from "../../../columns/vector.ts"

/** Keys that are new, between the newest pair and the next. */
const LOOK_AHEAD = 8

/** 1 marks a row that goes while another of its key comes. Null: there is none. @param key columns */
export function supersededRows({ vectors, weights, length }: ChangeBatch, key: readonly number[]) {
  if (weights === null || key.length === 0) return null
  const keys = key.map((column) => vectors[column]!)
  let marks: Uint8Array | null = null
  let next = 0
  for (let row = 0; row < length; row++) {
    if (weights[row]! > 0) continue
    let looked = 0
    for (let coming = next; coming < length && looked < LOOK_AHEAD; coming++) {
      if (weights[coming]! < 0) continue
      // Those before are passed for good only when a pair is found: what goes for ever has none.
      if (looked === 0) next = coming
      looked++
      if (!keys.every((vector) => sameValue(vector, row, coming))) continue
      marks ??= new Uint8Array(length)
      marks[row] = 1
      next = coming + 1
      break
    }
    // Nothing comes any more.
    if (looked === 0) break
  }
  return marks
}

function sameValue({ type, nulls, values, ends, data }: Vector, a: number, b: number): boolean {
  if (nulls[a] === 1 || nulls[b] === 1) return nulls[a] === nulls[b]
  if (!isVariableWidth(type)) {
    if (wordsPerRow(type) === 1) return values[a] === values[b]
    return values[2 * a] === values[2 * b] && values[2 * a + 1] === values[2 * b + 1]
  }
  const [startA, startB] = [values[a] as number, values[b] as number]
  const length = ends[a]! - startA
  if (ends[b]! - startB !== length) return false
  for (let byte = 0; byte < length; byte++) if (data[startA + byte] !== data[startB + byte]) return false
  return true
}
