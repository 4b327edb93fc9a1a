import assert from "node:assert/strict"
import { test } from "node:test"
import { isPlatformError } from "../../std/errors.ts"
import { belongsTo, decodeReceipts, encodeReceipts } from "./receipt.ts"

const RECEIPT = {
  logId: "0123456789abcdef0123456789abcdef",
  topicId: "fedcba9876543210fedcba9876543210",
  topic: "flight",
  event: "flight",
  ranges: [
    { partition: 0, first: 10, last: 19 },
    { partition: 3, first: 0, last: 0 },
  ],
}

test("a receipt comes back as it was, with ids cut to what tells logs apart", () => {
  const [receipt] = decodeReceipts(encodeReceipts([RECEIPT]))
  assert.deepEqual(receipt, { ...RECEIPT, logId: "01234567", topicId: "fedcba98" })
  assert.ok(belongsTo(receipt!, RECEIPT.logId, RECEIPT.topicId))
  assert.ok(!belongsTo(receipt!, RECEIPT.topicId, RECEIPT.topicId))
})

test("what is not a receipt is refused with a reason", () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const bad = [
    "",
    "!!!",
    encode(7),
    encode([]),
    encode([["a", "b", "c", "d"]]),
    encode([[1, "b", "c", "d", [0, 0, 0]]]),
    encode([["a", "b", "c", "d", [0, 5, 4]]]),
    encode([["a", "b", "c", "d", [0, -1, 4]]]),
    encode([["a", "b", "c", "d", [0, 1.5, 4]]]),
    encode([["a", "b", "c", "d", "0"]]),
  ]
  for (const text of bad) {
    assert.throws(
      () => decodeReceipts(text),
      (error) => isPlatformError(error, "receipt-invalid"),
      text,
    )
  }
})
