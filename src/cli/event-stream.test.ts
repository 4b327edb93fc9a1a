import assert from "node:assert/strict"
import { test } from "node:test"
import { bytesOf } from "../../test/kit/twin-terminal.ts"
import { readEventStream } from "./event-stream.ts"

const STREAM =
  'retry: 1000\n\n: beat\n\nid: 7\nevent: changes\ndata: {"a":\ndata: 1}\n\n' +
  "event:only\n\ndata:x\r\n\r\nid\ndata: é\n\n"
const EVENTS = [
  ["changes", '{"a":\n1}', "7"],
  ["message", "x", "7"],
  ["message", "é", ""],
]

async function read(pieces: readonly string[]) {
  const events = []
  for await (const { name, data, lastEventId } of readEventStream(bytesOf(pieces))) {
    events.push([name, data, lastEventId])
  }
  return events
}

test("events are read as the standard says, wherever the bytes are cut", async () => {
  assert.deepEqual(await read([STREAM]), EVENTS)
  assert.deepEqual(await read(STREAM.split(/(?<=[^é])/)), EVENTS)
  assert.deepEqual(await read([STREAM.replaceAll("\n", "\r\n").replaceAll("\r\r\n", "\r\n")]), EVENTS)
})

test("an event that was not ended is not an event", async () => {
  assert.deepEqual(await read(["data: whole\n\ndata: half\n"]), [["message", "whole", null]])
})
