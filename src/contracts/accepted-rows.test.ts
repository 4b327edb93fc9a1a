import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { readRow } from "../columns/scalar.ts"
import { acceptedRows, contractOfAccepted } from "./accepted-rows.ts"
import type { EventContract } from "./contract.ts"
import type { DecodedRows, Decoder } from "./decoder.ts"
import { event } from "./event.ts"
import { decimal, int64, timestamp } from "./field-types.ts"
import { createJsonDecoder } from "./json/decoder.ts"

const sale = event("sale", {
  schema: z.object({
    id: z.string().refine((id) => id.startsWith("s"), "begins with s"),
    at: timestamp(),
    page: z.url(),
    amount: decimal(9, 2),
    units: int64().optional(),
    channel: z.enum(["web", "shop"]).default("web"),
    rating: z.number().min(1).max(5).nullable(),
  }),
  id: "id",
  time: "at",
  unknownFields: "refuse",
}) as unknown as EventContract

const ROW = {
  ...{ id: "s1", at: "2026-11-27T12:00:00Z", page: " https://shop.example/\n1 ", amount: "12.50" },
  ...{ units: "9007199254740993", rating: 4.5 },
}

/** As another thread would make it. */
const decoder = () => createJsonDecoder(contractOfAccepted(structuredClone(acceptedRows(sale))))

function rowsOf({ batch }: DecodedRows): unknown[][] {
  return Array.from({ length: batch.length }, (_, row) => readRow(batch, row))
}

test("rows that a contract accepted are decoded by its data alone as by itself", () => {
  const rows = Array.from({ length: 40 }, (_, n) => ({
    ...ROW,
    id: `s${n}`,
    rating: n % 3 === 0 ? null : 1 + (n % 5),
    ...(n % 2 === 0 ? { channel: "shop" } : {}),
    page: n % 4 === 0 ? ROW.page : `https://shop.example/${n}`,
  }))
  const body = Buffer.from(rows.map((row) => JSON.stringify(row)).join("\n"))
  const expected = rowsOf(createJsonDecoder(sale).decode(body, "ndjson"))
  assert.equal(expected.length, rows.length)
  assert.equal(expected[0]![2], "https://shop.example/1", "zod takes spaces and line breaks out of a URL")
  assert.deepEqual(rowsOf(decoder().decode(body, "ndjson")), expected)
})

test("what only a check of today refuses has columns, what does not fit its types has none", () => {
  const decode = (row: object) => decoder().decode(Buffer.from(JSON.stringify({ ...ROW, ...row })), "ndjson")
  for (const row of [{ id: "x1" }, { rating: 9 }, { channel: "phone" }, { more: 1 }])
    assert.equal(decode(row).rejectedCount, 0, JSON.stringify(row))
  for (const row of [{ rating: "good" }, { at: "yesterday" }, { amount: "1.234" }, { page: "no url" }])
    assert.equal(decode(row).rejectedCount, 1, JSON.stringify(row))
})

test("a decoder says when no row has a key that its contract does not name", () => {
  const plain = JSON.stringify(ROW)
  const named = JSON.stringify({ ...ROW, more: { of: 1 } })
  const hasUnnamed = (one: Decoder, ...lines: readonly string[]) =>
    one.decode(Buffer.from(lines.join("\n")), "ndjson").hasUnnamed
  const [mixed, pure] = [decoder(), decoder()]
  // Often enough that the orders of keys are learned; what was learned of both may be one loop for both.
  for (let round = 0; round < 40; round++) {
    assert.ok(hasUnnamed(mixed, plain, named), `round ${round}`)
    assert.ok(hasUnnamed(mixed, named, plain, plain), `round ${round}`)
    assert.ok(!hasUnnamed(pure, plain, plain), `round ${round}`)
  }
  assert.ok(hasUnnamed(pure, plain, named), "also one that never saw such a key")
  assert.ok(hasUnnamed(pure, '{"event_type":"sale","id":"s1"}'), "and a row that is refused")
})
