/** Records from the lake in the form that records of the log have. */
import type { LakeRecord } from "../../stores/lake/data-file-reader.ts"
import { RecordColumns } from "../../wire/kafka/record-columns.ts"

export function sizeOfRecord({ key, headers, value }: LakeRecord): number {
  return (key?.length ?? 0) + headers.length + (value?.length ?? 0)
}

/** At least one record; offsets ascend. */
export function recordColumnsOf(records: readonly LakeRecord[]): RecordColumns {
  const columns = new RecordColumns()
  const count = records.length
  const bytes = new Uint8Array(records.reduce((sum, record) => sum + sizeOfRecord(record), 0))
  let position = 0
  const put = (slice: Uint8Array | null, [starts, ends]: Slices, row: number) => {
    starts[row] = position
    if (slice !== null) bytes.set(slice, position)
    position += slice?.length ?? 0
    ends[row] = slice === null ? -1 : position
  }
  const [keys, values, headers] = [slices(count), slices(count), slices(count)]
  const offsetDeltas = new Int32Array(count)
  const timestampsMs = new Float64Array(count)
  const baseOffset = records[0]!.offset
  for (const [row, record] of records.entries()) {
    put(record.key, keys, row)
    put(record.value, values, row)
    put(record.headers, headers, row)
    offsetDeltas[row] = record.offset - baseOffset
    timestampsMs[row] = record.appendTimeMs
  }
  return Object.assign(columns, {
    count,
    bytes,
    baseOffset,
    lastOffset: records.at(-1)!.offset,
    appendTimeMs: records.at(-1)!.appendTimeMs,
    offsetDeltas,
    timestampsMs,
    keyStarts: keys[0],
    keyEnds: keys[1],
    valueStarts: values[0],
    valueEnds: values[1],
    headersStarts: headers[0],
    headersEnds: headers[1],
  })
}

type Slices = readonly [starts: Int32Array<ArrayBuffer>, ends: Int32Array<ArrayBuffer>]

function slices(count: number): Slices {
  return [new Int32Array(count), new Int32Array(count)]
}
