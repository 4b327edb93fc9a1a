import assert from "node:assert/strict"
import { test } from "node:test"
import { INT64 } from "../../columns/types.ts"
import { batchOf, column } from "../kit/batches.ts"
import { OrderedRowCodec } from "../state/ordered-row.ts"
import { ArrivedRows, NO_ROW } from "./arrived-rows.ts"

const KEY = [column("key", INT64, false)]
const ROW_BYTES = 8

/** All rows of one partition. */
function arrive(codec: OrderedRowCodec, arrived: ArrivedRows, rows: number): void {
  codec.begin(batchOf(KEY, [[1n]]))
  for (let row = 0; row < rows; row++) {
    codec.encodeHead(0)
    codec.encodeRest(0)
    arrived.add(arrived.find(1) ?? arrived.begin(1, null), 1)
  }
}

test("rows of an epoch lie where those of the last one lay, and a large one leaves no large room", () => {
  const codec = new OrderedRowCodec(KEY, [0], [], 0)
  const arrived = new ArrivedRows(codec)
  for (const [rows, least, most] of [
    [10_000, 10_000, 40_000],
    [10_000, 10_000, 40_000],
    [10, 10, 20_000],
    [10, 10, 300],
  ] as const) {
    arrive(codec, arrived, rows)
    const [partition] = arrived.partitions
    assert.equal(partition!.count, rows)
    assert.equal(arrived.starts[partition!.last], (rows - 1) * ROW_BYTES)
    assert.equal(arrived.nexts[partition!.last], NO_ROW)
    arrived.clear()
    assert.equal(arrived.partitions.length, 0)
    const room = Math.max(arrived.starts.length, arrived.bytes.length / ROW_BYTES)
    assert.ok(room >= least && room <= most, `room for ${room} rows behind ${rows}`)
  }
})
