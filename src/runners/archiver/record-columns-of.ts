/** Records from the lake in the form that records of the log have. */
import { offsetAt, type RecordSlab } from "../../stores/lake/record-slab.ts"
import { RecordColumns } from "../../wire/kafka/record-columns.ts"

/** The slab's own arrays under the names of the log. */
export function recordColumnsOf(slab: RecordSlab): RecordColumns {
  const { appendTimesMs, count, ...rest } = slab
  return Object.assign(new RecordColumns(), {
    ...{ ...rest, count, timestampsMs: appendTimesMs },
    lastOffset: offsetAt(slab, count - 1),
    appendTimeMs: appendTimesMs[count - 1]!,
  })
}
