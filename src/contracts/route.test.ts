import assert from "node:assert/strict"
import { test } from "node:test"
import { routeByEventType } from "./route.ts"

const encoder = new TextEncoder()

function route(text: string, framing: "ndjson" | "json", known?: ReadonlySet<string>) {
  const bytes = encoder.encode(text)
  const routed = routeByEventType(bytes, framing, known === undefined ? {} : { known })
  const groups = [...routed.groups].map(([name, { starts, ends, indexes, count }]) => [
    name,
    Array.from({ length: count }, (_, i) => [indexes![i], text.slice(starts[i], ends[i])]),
  ])
  return { groups, codes: routed.rejected.map(({ index, code }) => [index, code]), received: routed.received }
}

test("rows go to their events with their places in the body", () => {
  const text = '{"event_type":"a","n":1}\n\n {"x":{"event_type":"c"},"event_type":"b"} \r\n{"event_type":"a"}'
  assert.deepEqual(route(text, "ndjson"), {
    groups: [
      [
        "a",
        [
          [0, '{"event_type":"a","n":1}'],
          [2, '{"event_type":"a"}'],
        ],
      ],
      ["b", [[1, '{"x":{"event_type":"c"},"event_type":"b"}']]],
    ],
    codes: [],
    received: 3,
  })
})

test("an array is routed like lines, and the last of two names counts", () => {
  const text = '[{"event_type":"a"}, {"event_type":"a","event_type":"b"}]'
  assert.deepEqual(route(text, "json").groups, [
    ["a", [[0, '{"event_type":"a"}']]],
    ["b", [[1, '{"event_type":"a","event_type":"b"}']]],
  ])
})

test("rows that name no event are rejected one by one", () => {
  const text = '{"n":1}\n{"event_type":7}\n[]\n{\n{"event_type":"z"}\n{"event_type":"a"}'
  const routed = route(text, "ndjson", new Set(["a"]))
  assert.deepEqual(routed.codes, [
    [0, "missing-event-type"],
    [1, "missing-event-type"],
    [2, "not-an-object"],
    [3, "not-json"],
    [4, "unknown-event"],
  ])
  assert.deepEqual(routed.groups, [["a", [[5, '{"event_type":"a"}']]]])
})

test("a body that cannot be taken apart is refused as a whole", () => {
  assert.throws(() => route('[{"event_type":"a"}', "json"), { code: "body-not-json" })
})
