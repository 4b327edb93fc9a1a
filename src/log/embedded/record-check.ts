/** Checks the records of a request before any of them is taken. */
import { assert } from "../../std/assert.ts"
import { type RecordSet, recordCount } from "../../wire/kafka/record-set.ts"
import { keyRequired, recordTooLarge } from "../errors.ts"

export interface RecordRules {
  readonly topic: string
  readonly keyRequired: boolean
  readonly recordBytes: number
}

/**
 * Bytes of all keys, values and headers.
 * @throws record-too-large, key-required
 */
export function checkRecords(records: RecordSet, rules: RecordRules): number {
  const { rows, bytes, valueStarts, valueEnds, keyStarts, keyEnds } = records
  const keyLimit = records.keyBytes?.length ?? 0
  const count = recordCount(records)
  assert(count > 0, "a request has at least one record")
  let total = 0
  for (let index = 0; index < count; index++) {
    const row = rows === null ? index : (rows[index] as number)
    const valueEnd = valueEnds[row] as number
    const keyEnd = keyEnds === null ? -1 : (keyEnds[row] as number)
    if (keyEnd < 0 && rules.keyRequired) throw keyRequired(rules.topic, row)
    let size = records.headers.length
    if (valueEnd >= 0) {
      const start = valueStarts[row] as number
      assert(start >= 0 && start <= valueEnd && valueEnd <= bytes.length, "a value lies within its buffer")
      size += valueEnd - start
    }
    if (keyEnd >= 0) {
      const start = keyStarts?.[row] ?? -1
      assert(start >= 0 && start <= keyEnd && keyEnd <= keyLimit, "a key lies within its buffer")
      size += keyEnd - start
    }
    if (size > rules.recordBytes) throw recordTooLarge(size, rules.recordBytes, "record")
    total += size
  }
  return total
}
