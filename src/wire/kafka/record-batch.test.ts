import assert from "node:assert/strict"
import { test } from "node:test"
import { isPlatformError } from "../../std/errors.ts"
import { SeededRandom } from "../../std/random.ts"
import { decodeHeaders, encodeHeaders } from "./headers.ts"
import { BATCH_FIELD, batchCrc, readBatchHeader, viewOf } from "./record-batch.ts"
import { RecordBatchBuilder } from "./record-batch-builder.ts"
import { RecordColumns } from "./record-columns.ts"
import type { RecordSet } from "./record-set.ts"

interface PlainRecord {
  readonly key: string | null
  readonly value: string | null
}

const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder()

function recordSet(records: readonly PlainRecord[], headers: Uint8Array = new Uint8Array(0)): RecordSet {
  const text = records.map((record) => (record.key ?? "") + (record.value ?? "")).join("")
  const set = {
    count: records.length,
    bytes: utf8.encode(text),
    valueStarts: new Int32Array(records.length),
    valueEnds: new Int32Array(records.length),
    keyStarts: new Int32Array(records.length),
    keyEnds: new Int32Array(records.length),
    headers,
    rows: null,
  }
  let at = 0
  for (const [row, { key, value }] of records.entries()) {
    set.keyStarts[row] = at
    at += utf8.encode(key ?? "").length
    set.keyEnds[row] = key === null ? -1 : at
    set.valueStarts[row] = at
    at += utf8.encode(value ?? "").length
    set.valueEnds[row] = value === null ? -1 : at
  }
  return { ...set, keyBytes: set.bytes }
}

function plain(columns: RecordColumns): PlainRecord[] {
  const slice = (start = 0, end = -1) =>
    end < 0 ? null : fromUtf8.decode(columns.bytes.subarray(start, end))
  return Array.from({ length: columns.count }, (_, row) => ({
    key: slice(columns.keyStarts[row], columns.keyEnds[row]),
    value: slice(columns.valueStarts[row], columns.valueEnds[row]),
  }))
}

function build(records: readonly PlainRecord[], compression: "none" | "zstd" = "none"): Uint8Array {
  const builder = new RecordBatchBuilder(16)
  builder.begin({ baseOffset: 7, appendTimeMs: 1_700_000_000_000 })
  builder.add(recordSet(records), 0, 1 << 20)
  builder.end({ compression })
  return builder.bytes.slice()
}

const SAMPLE: PlainRecord[] = [
  { key: "k1", value: "v1" },
  { key: null, value: "" },
  { key: "", value: null },
  { key: "schlüssel", value: "x".repeat(1000) },
]

test("a batch that a Kafka 0.11 broker wrote is read, and its checksum is ours", () => {
  const bytes = Uint8Array.from(
    Buffer.from(
      "00000000000000000000003b00000001020318a270000000000000" +
        "0000015dff7b063c0000015dff7b063cffffffffffffffffffffffffffff000000011200000001063132330" +
        "0",
      "hex",
    ),
  )
  assert.equal(batchCrc(bytes, 0, bytes.length), 0x0318a270)
  const columns = new RecordColumns()
  assert.equal(columns.read(bytes, 0), bytes.length)
  assert.deepEqual(plain(columns), [{ key: null, value: "123" }])
  assert.equal(columns.timestampsMs[0], 0x15dff7b063c)
})

test("an encoded batch has exactly the specified bytes", () => {
  const builder = new RecordBatchBuilder()
  builder.begin({ baseOffset: 0x0102030405, appendTimeMs: 0x18bcfe56800 })
  builder.add(recordSet([{ key: "k", value: "v" }], encodeHeaders([{ name: "h", value: null }])), 0, 1000)
  builder.end()
  const expected =
    "0000000102030405" + // baseOffset
    "0000003d" + // batchLength
    "00000000" + // partitionLeaderEpoch
    "02" + // magic
    "########" + // crc
    "0008" + // attributes: append time
    "00000000" + // lastOffsetDelta
    "0000018bcfe56800" +
    "0000018bcfe56800" +
    "ffffffffffffffff" + // producerId
    "ffff" +
    "ffffffff" +
    "00000001" + // record count
    "16" + // length 11
    "00" +
    "00" +
    "00" +
    "026b" + // key
    "0276" + // value
    "02" + // one header
    "0268" +
    "01" // null
  const hex = Buffer.from(builder.bytes).toString("hex")
  assert.equal(`${hex.slice(0, 34)}########${hex.slice(42)}`, expected)
  assert.equal(viewOf(builder.bytes).getUint32(BATCH_FIELD.crc), batchCrc(builder.bytes, 0, builder.length))
})

test("records read back with null and empty keys and values, plain and compressed", () => {
  for (const compression of ["none", "zstd"] as const) {
    const bytes = build(SAMPLE, compression)
    const columns = new RecordColumns()
    assert.equal(columns.read(bytes, 0), bytes.length)
    assert.deepEqual(plain(columns), SAMPLE)
    assert.deepEqual([...columns.offsetDeltas.subarray(0, 4)], [0, 1, 2, 3])
    assert.equal(columns.lastOffset, 10)
    assert.equal(columns.timestampsMs[3], 1_700_000_000_000)
  }
  assert.ok(build(SAMPLE, "zstd").length < build(SAMPLE).length)
})

test("a batch that compression would not shrink stays plain", () => {
  const bytes = build([{ key: null, value: "a" }], "zstd")
  assert.equal(readBatchHeader(viewOf(bytes), 0).attributes, 0b1000)
})

test("rows of one set spread over batches by size, each with at least one record", () => {
  const set = recordSet(Array.from({ length: 10 }, (_, row) => ({ key: null, value: `${row}`.repeat(100) })))
  const builder = new RecordBatchBuilder(8)
  const rows = Int32Array.of(1, 3, 4, 8)
  const headers = encodeHeaders([{ name: "h", value: null }])
  let from = 0
  let batches = 0
  for (; from < 4; batches++) {
    builder.begin({ baseOffset: from, appendTimeMs: 1 })
    from = builder.add({ ...set, rows, headers }, from, 200)
    builder.end()
  }
  assert.equal(batches, 2)
  const columns = new RecordColumns()
  const firsts: (string | null | undefined)[] = []
  for (let at = 0; at < builder.length; ) {
    at = columns.read(builder.bytes, at)
    firsts.push(...plain(columns).map((record) => record.value?.[0]))
    assert.equal(decodeHeaders(columns.bytes, columns.headersStarts[0], columns.headersEnds[0])[0]?.name, "h")
  }
  assert.deepEqual(firsts, ["1", "3", "4", "8"])
})

test("an empty batch covers its offsets", () => {
  const builder = new RecordBatchBuilder()
  builder.begin({ baseOffset: 5, appendTimeMs: 1 })
  builder.end({ lastOffsetDelta: 9 })
  const columns = new RecordColumns()
  columns.read(builder.bytes, 0)
  assert.deepEqual([columns.count, columns.baseOffset, columns.lastOffset], [0, 5, 14])
})

test("any flipped bit under the checksum is noticed", () => {
  const bytes = build(SAMPLE)
  const columns = new RecordColumns()
  for (let at = BATCH_FIELD.magic; at < bytes.length; at++) {
    const damaged = bytes.slice()
    damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
    assert.throws(
      () => columns.read(damaged, 0),
      (error) => isPlatformError(error, "record-batch-invalid"),
      `byte ${at}`,
    )
  }
})

test("hostile bytes with a right checksum end in an error, never in a read beyond the batch", () => {
  const random = new SeededRandom(3)
  const columns = new RecordColumns()
  let refused = 0
  for (let round = 0; round < 3000; round++) {
    const bytes = build(SAMPLE, round % 2 === 0 ? "none" : "zstd")
    for (let flips = 0; flips < 3; flips++) {
      const at = BATCH_FIELD.attributes + random.below(bytes.length - BATCH_FIELD.attributes)
      bytes[at] = random.below(256)
    }
    viewOf(bytes).setUint32(BATCH_FIELD.crc, batchCrc(bytes, 0, bytes.length))
    try {
      columns.read(bytes, 0)
      for (let row = 0; row < columns.count; row++) {
        assert.ok((columns.keyEnds[row] as number) <= columns.bytes.length)
        assert.ok((columns.valueEnds[row] as number) <= columns.bytes.length)
      }
    } catch (error) {
      if (!isPlatformError(error, "record-batch-invalid")) throw error
      refused++
    }
  }
  assert.ok(refused > 500)
})

test("a batch that is cut off anywhere is refused", () => {
  const bytes = build(SAMPLE)
  const columns = new RecordColumns()
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(
      () => columns.read(bytes.subarray(0, length), 0),
      (error) => isPlatformError(error, "record-batch-invalid"),
    )
  }
})
