import assert from "node:assert/strict"
import { test } from "node:test"
import { BlockEncoder } from "../../src/columns/native/block-encoder.ts"
import { type Column, INT64 } from "../../src/columns/types.ts"
import { ViewFeed } from "../../src/runners/embedded/store-feed/view-feed.ts"
import type { ViewUpdate } from "../../src/runners/runtime.ts"
import { storeUnavailable } from "../../src/stores/errors.ts"
import type { HotStore, ViewTable } from "../../src/stores/store.ts"
import { SimClock } from "../../src/testing/sim-clock.ts"
import { batchOf } from "../kit/batch-of.ts"

const COLUMNS: Column[] = [{ name: "n", type: INT64, nullable: false }]
const TABLE: ViewTable = { name: "v", columns: COLUMNS, key: [0], isAppendOnly: false, fingerprint: "1" }

/** A table that takes blocks while it is there, and a view whose changes are given by hand. */
function world() {
  const clock = new SimClock()
  const waiting: ((update: ViewUpdate | null) => void)[] = []
  const changes: ViewUpdate[] = []
  const state = { isAway: false, blocks: [] as number[], position: 5 as number | null }
  const answer = async <T>(value: T): Promise<T> => {
    if (state.isAway) throw storeUnavailable("its process ended")
    return value
  }
  const store = {
    prepareView: () => answer(state.position),
    applyChanges: async (_: ViewTable, { rows }: { rows: number }) => {
      await answer(null)
      state.blocks.push(rows)
    },
    cleanView: () => answer(false),
  } as unknown as HotStore
  const feed = new ViewFeed({
    ...{ table: "views.v", viewTable: TABLE, store, clock, scheduler: clock, encoder: new BlockEncoder() },
    storeReady: async () => {},
    report: (message) => assert.fail(message),
    subscribe: () => ({
      next: async () => {
        const ready = changes.shift()
        return ready ?? new Promise((resolve) => waiting.push(resolve))
      },
      [Symbol.dispose]: () => {
        for (const resolve of waiting.splice(0)) resolve(null)
      },
    }),
  })
  const change = (epoch: number) => {
    const update: ViewUpdate = {
      ...{ kind: "changes", epoch, watermarkUs: null },
      changes: { ...batchOf(COLUMNS, [[BigInt(epoch)]]), weights: null },
    }
    const reader = waiting.shift()
    if (reader === undefined) changes.push(update)
    else reader(update)
  }
  const settle = async () => {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const pass = async (ms: number) => {
    await settle()
    for (let left = ms; left > 0; left -= 50) {
      clock.pass(Math.min(50, left))
      await settle()
    }
  }
  return { feed, state, change, pass }
}

test("a quiet view has no lag, and its first change has the change's own", async () => {
  const { feed, state, change, pass } = world()
  feed.start()
  await pass(100)
  assert.deepEqual([feed.status().state, feed.status().lagMs], ["following", 0])
  change(6)
  await pass(1_500)
  assert.deepEqual(state.blocks, [1])
  await pass(40_000)
  assert.equal(feed.status().lagMs, 0, "nothing is missing")
  state.isAway = true
  change(7)
  await pass(200)
  const { lagMs, state: waiting } = feed.status()
  assert.equal(waiting, "waiting")
  assert.ok(lagMs > 0 && lagMs <= 300, `${lagMs} ms after a change that is 200 ms old`)
  state.isAway = false
  change(8)
  await pass(5_000)
  assert.deepEqual([feed.status().state, feed.status().lagMs], ["following", 0])
  await feed.stop()
})

test("changes that come close together leave in one block", async () => {
  const { feed, state, change, pass } = world()
  feed.start()
  await pass(100)
  change(6)
  await pass(100)
  assert.deepEqual(state.blocks, [1], "after a quiet while the first leaves at once")
  for (let epoch = 7; epoch < 12; epoch++) {
    change(epoch)
    await pass(100)
  }
  await pass(1_000)
  assert.deepEqual(state.blocks, [1, 5])
  await feed.stop()
})
