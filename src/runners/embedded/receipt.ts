/**
 * Receipts: where a producer's rows are in the log, opaque to the producer. Given only after the sync.
 * Text: base64url of JSON [log id's first 8 digits, topic id's first 8 digits, topic, event, [partition,
 * first, last]…].
 */
import { receiptInvalid } from "./errors.ts"

/** Offsets first..last (inclusive) of one partition. */
export interface ReceiptRange {
  readonly partition: number
  readonly first: number
  readonly last: number
}

export interface Receipt {
  readonly logId: string
  readonly topicId: string
  readonly topic: string
  readonly event: string
  readonly ranges: readonly ReceiptRange[]
}

/** Digits of an id that a receipt keeps: enough to notice another log, short enough to copy. */
const ID_DIGITS = 8

export function encodeReceipts(receipts: readonly Receipt[]): string {
  const data = receipts.map(({ logId, topicId, topic, event, ranges }) => [
    logId.slice(0, ID_DIGITS),
    topicId.slice(0, ID_DIGITS),
    topic,
    event,
    ...ranges.map((range) => [range.partition, range.first, range.last]),
  ])
  return Buffer.from(JSON.stringify(data)).toString("base64url")
}

/** @throws PlatformError receipt-invalid */
export function decodeReceipts(text: string): readonly Receipt[] {
  let data: unknown
  try {
    data = JSON.parse(Buffer.from(text, "base64url").toString("utf8"))
  } catch {
    throw receiptInvalid(text, "cannot be read")
  }
  if (!Array.isArray(data) || data.length === 0) throw receiptInvalid(text, "cannot be read")
  return data.map((entry: unknown) => {
    if (!Array.isArray(entry)) throw receiptInvalid(text, "cannot be read")
    const [logId, topicId, topic, event, ...ranges] = entry as unknown[]
    if (!isText(logId) || !isText(topicId) || !isText(topic) || !isText(event) || ranges.length === 0) {
      throw receiptInvalid(text, "cannot be read")
    }
    return { logId, topicId, topic, event, ranges: ranges.map((range) => decodeRange(text, range)) }
  })
}

function decodeRange(text: string, range: unknown): ReceiptRange {
  if (!Array.isArray(range)) throw receiptInvalid(text, "cannot be read")
  const [partition, first, last] = range as unknown[]
  if (!isOffset(partition) || !isOffset(first) || !isOffset(last) || last < first) {
    throw receiptInvalid(text, "names no offsets")
  }
  return { partition, first, last }
}

function isText(value: unknown): value is string {
  return typeof value === "string"
}

function isOffset(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
}

/** True when the receipt was given by the log and topic with these ids. */
export function belongsTo(receipt: Receipt, logId: string, topicId: string): boolean {
  return logId.startsWith(receipt.logId) && topicId.startsWith(receipt.topicId)
}
