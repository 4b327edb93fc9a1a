/** The first rows of partitions over rows that only come, of which many are equal. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { INT32, INT64 } from "../columns/types.ts"
import type { Random } from "../std/random.ts"
import { HASH_SEED, mixBytes } from "./code/hashing.ts"
import { createEngine } from "./create-engine.ts"
import type { OperatorSpec } from "./dataflow.ts"
import { batchOf, column, sliceOf } from "./kit/batches.ts"
import { compareParts } from "./kit/compare-parts.ts"
import { compareSeed, viewLines } from "./kit/compare-with-naive.ts"
import { col } from "./kit/expressions.ts"
import { source, view } from "./kit/harness.ts"
import { keepingNothing } from "./kit/memory-spill.ts"
import { EVENT_COLUMNS, pick } from "./kit/random-plans.ts"
import { OrderedRowCodec } from "./state/ordered-row.ts"

/** Few columns, so that rows are equal; partitions of one row to all of them. */
function randomTopRows(random: Random): OperatorSpec[] {
  const names = pick(random, [["ok", "size"], ["size", "name"], ["name"], ["ok", "name", "raw"]])
  const outputs = names.map((name) => col(EVENT_COLUMNS, name))
  const columns = names.map((name) => EVENT_COLUMNS.find((each) => each.name === name)!)
  const kept = { kind: "stage", id: "kept", input: "events", filter: null, window: null } as const
  const ranked = random.below(2) === 0
  const shown = ranked ? [...columns, column("place", INT64, false)] : columns
  const order = columns
    .map((_, k) => ({ column: k, descending: random.below(2) === 0, nullsFirst: random.below(2) === 0 }))
    .filter(() => random.below(2) === 0)
  const [offset, limit] = [BigInt(random.below(3)), BigInt(random.below(6))]
  const places = { function: "row_number", offset, limit } as const
  const state = { expiry: null, emit: "changes" } as const
  const partition = random.below(2) === 0 ? [] : [0]
  return [
    source(EVENT_COLUMNS),
    { kind: "source", id: "more", columns: EVENT_COLUMNS },
    { ...kept, outputs, columns },
    { kind: "rank", id: "top", input: "kept", ...places, ranked, ...state, partition, order, columns: shown },
    view("first", "top", shown, null),
  ]
}

const WAYS = [
  { name: "recomputing everything", seeds: 150, compare: (seed: number) => compareSeed(seed, randomTopRows) },
  {
    name: "it while their pages leave memory whenever they may",
    seeds: 150,
    compare: (seed: number) => compareSeed(seed, randomTopRows, () => keepingNothing()),
  },
  {
    name: "those of more parts",
    seeds: 40,
    compare: (seed: number) => void compareParts(seed, randomTopRows),
  },
]

for (const { name, seeds, compare } of WAYS) {
  test(`first rows agree with ${name}, also across a restore`, () => {
    for (let seed = 1; seed <= seeds; seed++) {
      try {
        compare(seed)
      } catch (cause) {
        throw new Error(`seed ${seed}`, { cause })
      }
    }
  })
}

const BID = [column("auction", INT64, false), column("price", INT32, false)]
const PLACED = [...BID, column("place", INT64, false)]

/** The two dearest bids of each auction. */
function dearest(): OperatorSpec[] {
  const order = [{ column: 1, descending: true, nullsFirst: false }]
  const places = { function: "row_number", offset: 0n, limit: 2n, ranked: true } as const
  const state = { expiry: null, emit: "changes" } as const
  return [
    source(BID),
    { kind: "rank", id: "top", input: "events", ...places, ...state, partition: [0], order, columns: PLACED },
    view("first", "top", PLACED, null),
  ]
}

function runDearest(epochs: readonly (readonly [bigint, number])[][]) {
  const engine = createEngine(dearest())
  epochs.forEach((rows, k) => {
    const slices = [sliceOf("events", BID, rows)]
    engine.runEpoch({ epoch: k + 1, slices, watermarksUs: new Map() })
  })
  return engine
}

/** As `viewLines` has a row that is there once. */
const lineOf = (auction: bigint, price: number, place: number) => `1 × ${auction}n|${price}|${place}n`

test("rows that are pushed out are not kept", () => {
  const engine = runDearest(
    Array.from({ length: 5 }, (_, epoch) =>
      [1, 2, 2, 3, 9].map((price) => [7n, price * (epoch + 1)] as const),
    ),
  )
  assert.deepEqual(viewLines(engine, "first"), [lineOf(7n, 36, 2), lineOf(7n, 45, 1)])
  assert.equal(engine.work("first").find(({ id }) => id === "top")!.state.rows, 2)
})

test("partitions of one hash are told apart", () => {
  const [one, other] = ofOneHash()
  const engine = runDearest([
    [
      [one, 5],
      [other, 1],
      [one, 6],
    ],
    [[other, 2]],
    [
      [other, 3],
      [one, 1],
    ],
  ])
  const expected = [lineOf(one, 6, 1), lineOf(one, 5, 2), lineOf(other, 3, 1), lineOf(other, 2, 2)]
  assert.deepEqual(viewLines(engine, "first"), expected.sort())
})

/** Of 300,000 keys that differ in both halves there are about ten such pairs. */
function ofOneHash(): [bigint, bigint] {
  const rows = Array.from({ length: 300_000 }, (_, k) => [BigInt(k) * 0x1234_5678_9abdn, 0] as const)
  const codec = new OrderedRowCodec(BID, [0], [], 0)
  codec.begin(batchOf(BID, rows))
  const keys = new Map<number, bigint>()
  for (const [row, [key]] of rows.entries()) {
    codec.encodeHead(row)
    const hash = mixBytes(HASH_SEED, codec.bytes, 0, codec.partitionLength)
    const known = keys.get(hash)
    if (known !== undefined) return [known, key]
    keys.set(hash, key)
  }
  throw new Error("no two keys have one hash")
}
