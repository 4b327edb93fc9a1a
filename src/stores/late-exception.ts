/**
 * A query can fail after its answer has begun. ClickHouse then ends the body with the failure in a frame
 * whose tag it gave in a header beforehand, so that no data can be taken for it:
 *
 *   ...rows \r\n__exception__\r\nTAG\r\nMESSAGE\nLENGTH TAG\r\n__exception__\r\n
 *
 * LENGTH counts the bytes of the message with its newline. So the last bytes are held back until it is
 * known whether they are rows.
 */
import type { ClickHouseFailure } from "./errors.ts"

export type LateException = Omit<ClickHouseFailure, "queryId">

/** ClickHouse cuts messages at 16 KiB; the frame around it is shorter than 256. */
const MAX_FRAME_BYTES = 16_384 + 256

/** The body's pieces without the frame; a failure comes last. @param tag null: there is no frame to expect */
export async function* holdBackException(
  body: AsyncIterable<Uint8Array>,
  tag: string | null,
): AsyncIterable<Uint8Array | LateException> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  for await (const piece of body) {
    if (tag === null) {
      yield piece
      continue
    }
    held.push(piece)
    heldBytes += piece.length
    while (held.length > 1 && heldBytes - held[0]!.length >= MAX_FRAME_BYTES) {
      const first = held.shift()!
      heldBytes -= first.length
      yield first
    }
  }
  if (tag === null || heldBytes === 0) return
  const rest = held.length === 1 ? Buffer.from(held[0]!) : Buffer.concat(held)
  held = []
  const start = frameStart(rest, tag)
  if (start === null) {
    yield rest
    return
  }
  if (start > 0) yield rest.subarray(0, start)
  yield failureOf(rest.subarray(start).toString("utf8"), tag)
}

/** What the host appends when a query fails in the middle. */
export function exceptionFrame(message: string, tag: string): Uint8Array {
  const text = `${message}\n`
  const length = Buffer.byteLength(text)
  return Buffer.from(`\r\n__exception__\r\n${tag}\r\n${text}${length} ${tag}\r\n__exception__\r\n`)
}

function frameStart(rest: Buffer, tag: string): number | null {
  if (!rest.subarray(-64).toString("latin1").endsWith(` ${tag}\r\n__exception__\r\n`)) return null
  const start = rest.lastIndexOf(`\r\n__exception__\r\n${tag}\r\n`)
  return start < 0 ? null : start
}

function failureOf(frame: string, tag: string): LateException {
  const text = frame
    .replace(`\r\n__exception__\r\n${tag}\r\n`, "")
    .replace(new RegExp(`\\n\\d+ ${tag}\\r\\n__exception__\\r\\n$`), "")
  const clickhouseCode = Number(/Code: (\d+)\./.exec(text)?.[1] ?? 0)
  return { clickhouseCode, text }
}
