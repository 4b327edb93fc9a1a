import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../std/random.ts"
import { parseRetryAfter } from "./problem-answer.ts"
import { retryDelayMs } from "./retry-delay.ts"
import { SseParser, type StreamMessage } from "./sse-parser.ts"
import { uuid7Maker } from "./uuid7.ts"

test("ids are version 7, hold the time, and grow also when the clock does not", () => {
  const random = new SeededRandom(1)
  let nowMs = 0x0189_abcd_ef01
  const make = uuid7Maker({
    nowMs: () => nowMs,
    monotonicMs: () => 0,
    fillRandom: (target) => random.fill(target),
  })
  const ids = Array.from({ length: 10_000 }, () => make())
  nowMs -= 5_000
  ids.push(make())
  nowMs += 60_000
  ids.push(make())
  assert.match(ids[0]!, /^0189abcd-ef01-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.deepEqual(ids, [...ids].sort())
  assert.equal(new Set(ids).size, ids.length)
})

test("Retry-After is seconds or a date, and anything else is nothing", () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const cases = [
    [null, null],
    ["5", 5_000],
    [" 0 ", 0],
    ["Thu, 01 Jan 2026 00:00:09 GMT", 9_000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["soon", null],
    ["-1", null],
  ] as const
  for (const [header, expected] of cases) {
    // "-1" is a date to Date.parse, long ago.
    const parsed = parseRetryAfter(header, nowMs)
    if (header === "-1") assert.ok(parsed === null || parsed === 0)
    else assert.equal(parsed, expected, String(header))
  }
})

test("delays double up to a bound, spread over all of it, and never fall below Retry-After", () => {
  assert.deepEqual(
    [1, 2, 3, 8, 50].map((attempt) => retryDelayMs(attempt, null, 0.999_999)),
    [99, 199, 399, 9_999, 9_999],
  )
  assert.equal(retryDelayMs(5, null, 0), 20)
  assert.ok(retryDelayMs(1, 3_000, 0.5) >= 3_000 && retryDelayMs(9, 3_000, 0.99) <= 3_100)
})

function parse(chunks: readonly string[]): StreamMessage[] {
  const messages: StreamMessage[] = []
  const parser = new SseParser((message) => messages.push(message))
  for (const chunk of chunks) parser.feed(chunk)
  return messages
}

test("streams are parsed as the standard says, however they are cut", () => {
  const cases: readonly (readonly [string, readonly StreamMessage[]])[] = [
    ["data: a\n\n", [{ event: "message", data: "a", lastEventId: "" }]],
    ["event: x\nid: 7\ndata:a\ndata: b\n\n", [{ event: "x", data: "a\nb", lastEventId: "7" }]],
    ["id: 7\n\ndata: a\n\n", [{ event: "message", data: "a", lastEventId: "7" }]],
    [": comment\n\nevent: x\n\ndata\n\n", [{ event: "message", data: "", lastEventId: "" }]],
    [
      "data: a\r\n\r\ndata: b\r\rdata: c\n\n",
      ["a", "b", "c"].map((data) => ({ event: "message", data, lastEventId: "" })),
    ],
    [
      "id: 1\ndata: a\n\nid: x\0y\ndata: b\n\nid\ndata: c\n\n",
      [
        { event: "message", data: "a", lastEventId: "1" },
        { event: "message", data: "b", lastEventId: "1" },
        { event: "message", data: "c", lastEventId: "" },
      ],
    ],
    ["data: unfinished\n", []],
  ]
  for (const [text, expected] of cases) {
    assert.deepEqual(parse([text]), expected, text)
    assert.deepEqual(parse([...text]), expected, `${text} one by one`)
  }
  const parser = new SseParser(() => {})
  parser.feed("retry: 250\nretry: soon\n")
  assert.equal(parser.retryMs, 250)
})
