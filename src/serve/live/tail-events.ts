/**
 * The newest records of a topic as events of a stream:
 *   records  {records: [{partition, offset, appended_at, value}, ...]}
 * `value` is what the producer sent, as JSON; bytes that are no JSON go out as a string.
 */
import type { EventTail, TailRecord } from "../../runners/runtime.ts"
import { instantOfMs } from "../instant-text.ts"
import type { EventStream } from "./event-stream.ts"
import { tailToken } from "./resume-token.ts"

export interface TailFormat {
  readonly logId: string
  /** Where the stream begins, when that is known. */
  readonly fromOffsets: ReadonlyMap<number, number> | null
}

/** Sends until the reader has gone or the platform stops. */
export async function pumpTail(stream: EventStream, tail: EventTail, format: TailFormat): Promise<void> {
  stream.onClose(() => tail[Symbol.dispose]())
  const nextOffsets = new Map(format.fromOffsets ?? [])
  while (!stream.closed) {
    const records = await tail.next()
    if (records === null) break
    if (records.length === 0) continue
    for (const record of records) nextOffsets.set(record.partition, record.offset + 1)
    const data = `{"records":[${records.map(recordText).join(",")}]}`
    if (!(await stream.send({ name: "records", id: tailToken(format.logId, nextOffsets), data }))) return
  }
  stream.close()
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

function recordText({ partition, offset, appendTimeMs, value }: TailRecord): string {
  const at = JSON.stringify(instantOfMs(appendTimeMs))
  return `{"partition":${partition},"offset":${offset},"appended_at":${at},"value":${valueText(value)}}`
}

function valueText(value: Uint8Array): string {
  const text = utf8.decode(value)
  return isJson(text) ? text : JSON.stringify(text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    // Not an error: a tail shows whatever is in the log.
    return false
  }
}
