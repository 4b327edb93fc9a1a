import assert from "node:assert/strict"
import { test } from "node:test"
import type { EventContract } from "../../src/contracts/contract.ts"
import { StoreHold } from "../../src/runners/embedded/store-feed/store-hold.ts"
import { SimClock } from "../../src/testing/sim-clock.ts"

const CONTRACTS = [
  { name: "a", topic: "t", partitions: 2 },
  { name: "b", topic: "t", partitions: 2 },
] as unknown as readonly EventContract[]
const MINUTE = 60_000

function world(limitMs: number | null) {
  const clock = new SimClock()
  const held = new Map<number, number>()
  const told: string[] = []
  const published = [0, 0]
  const hold = new StoreHold({
    log: {
      hold: async (holder, topic, partition, offset) => {
        assert.deepEqual([holder, topic], ["store", "t"])
        assert.ok(offset > (held.get(partition) ?? 0), "a hold only moves on")
        held.set(partition, offset)
      },
    },
    contracts: CONTRACTS,
    publishedEnd: (_, partition) => published[partition]!,
    limitMs,
    clock,
    scheduler: clock,
    report: (message) => told.push(message),
  })
  /** Lets minutes pass in which rows come. */
  const pass = async (minutes: number, rows = 0) => {
    for (let step = 0; step < minutes * 12; step++) {
      published[0]! += rows
      clock.pass(5_000)
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    }
  }
  return { hold, held, told, pass, published }
}

test("the log is held from the first row that one of a topic's tables has not", async () => {
  const { hold, held, pass, told } = world(10 * MINUTE)
  await pass(1)
  assert.equal(held.size, 0)
  hold.durable("a", [10, 5])
  await pass(1)
  assert.equal(held.size, 0, "what b has is not known")
  hold.durable("b", [7, 9])
  await pass(1)
  assert.deepEqual(
    [...held],
    [
      [0, 7],
      [1, 5],
    ],
  )
  assert.deepEqual(told, [])
  await hold[Symbol.asyncDispose]()
})

test("what the store does not take within the limit is let go, told once, and held again", async () => {
  const { hold, held, pass, told, published } = world(10 * MINUTE)
  hold.durable("a", [1, 1])
  hold.durable("b", [1, 1])
  await pass(9, 100)
  assert.equal(held.get(0), 1)
  await pass(20, 100)
  const behind = published[0]! - held.get(0)!
  assert.ok(behind >= 120 * 100 && behind <= 124 * 100, `${behind} rows are held`)
  assert.equal(held.get(1), 1)
  assert.deepEqual(told.length, 1)
  assert.match(told[0]!, /more than 10 minutes behind the topic t: .* from the lake/)
  // It reads from the lake what the log has no more: the hold does not go back.
  hold.durable("a", [5_000, 1])
  hold.durable("b", [5_000, 1])
  await pass(1, 100)
  hold.durable("a", [published[0]!, 1])
  hold.durable("b", [published[0]!, 1])
  const caughtUp = published[0]!
  await pass(1)
  assert.equal(held.get(0), caughtUp)
  await pass(20, 100)
  assert.equal(told.length, 2, "the next time is told again")
  await hold[Symbol.asyncDispose]()
})

test("without a limit the log waits, however long", async () => {
  const { hold, held, pass, told } = world(null)
  hold.durable("a", [1, 1])
  hold.durable("b", [1, 1])
  await pass(60, 100)
  assert.equal(held.get(0), 1)
  assert.deepEqual(told, [])
  await hold[Symbol.asyncDispose]()
})
