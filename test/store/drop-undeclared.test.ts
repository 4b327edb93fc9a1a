import assert from "node:assert/strict"
import { test } from "node:test"
import { dropUndeclared } from "../../src/platform/drop-undeclared.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { storeUnavailable } from "../../src/stores/errors.ts"
import { SimClock } from "../../src/testing/sim-clock.ts"

const NAMES = { events: ["a"], views: [] }

/** Outcomes of the store's answers, one after the other. */
function storeThat(outcomes: (Error | readonly string[])[]) {
  return {
    dropOthers: async () => {
      const outcome = outcomes.shift()
      assert.ok(outcome !== undefined, "it is asked no more")
      if (outcome instanceof Error) throw outcome
      return outcome
    },
  }
}

async function passing<T>(clock: SimClock, work: Promise<T>): Promise<T> {
  let isDone = false
  const done = () => {
    isDone = true
  }
  work.then(done, done)
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.pass(100)
  }
  return work
}

test("a store that ends while tables are dropped is asked again when it answers", async () => {
  const clock = new SimClock()
  const told: string[] = []
  let readies = 0
  const store = storeThat([storeUnavailable("its process ended"), storeUnavailable("again"), ["views.old"]])
  const ready = async () => void readies++
  const work = dropUndeclared({ store, names: NAMES, ready, scheduler: clock, report: (m) => told.push(m) })
  await passing(clock, work)
  assert.equal(readies, 3)
  assert.deepEqual(told, [
    "The store's table views.old is dropped: the project does not declare it any more.",
  ])
})

test("a store that refuses, or never answers, is not asked again", async () => {
  const clock = new SimClock()
  const report = () => assert.fail("nothing is dropped")
  const refusing = { store: storeThat([new Error("no room")]), names: NAMES, scheduler: clock, report }
  await assert.rejects(passing(clock, dropUndeclared({ ...refusing, ready: async () => {} })), /no room/)
  const ready = () => Promise.reject(storeUnavailable("there is no build"))
  const never = dropUndeclared({ ...refusing, store: storeThat([]), ready })
  await assert.rejects(passing(clock, never), (error) => isPlatformError(error, "store-unavailable"))
})
