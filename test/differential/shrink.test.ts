/** The comparison sees a wrong answer, and the shrinker keeps what makes it wrong. */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { SeededRandom } from "../../src/std/random.ts"
import { PgOracle } from "../kit/pg-oracle.ts"
import type { Trial } from "./compare-seed.ts"
import { compareTrial, tablesOf } from "./compare-seed.ts"
import { randomArrivals, randomEvents } from "./history.ts"
import { describe, shrink } from "./shrink.ts"
import { either, optional, sql } from "./sql-text.ts"

let oracle: PgOracle
before(async () => {
  oracle = await PgOracle.open()
})
after(() => oracle[Symbol.asyncDispose]())

test("a planted difference is found, and made small", async () => {
  const random = new SeededRandom(11)
  const events = randomEvents(random)
  await oracle.load(tablesOf(events, []), [])
  const arrivals = Array.from({ length: 4 }, () => randomArrivals(events, random)).find(
    ({ length }) => length > 12,
  )
  assert.ok(arrivals, "a history of some length")
  const where = optional(sql` WHERE e.l IS NULL OR e.l > -100`)
  const text = sql`SELECT e.i AS i, ${either("e.s", "upper(e.s)")} AS s FROM e${where}`
  const trial: Trial = {
    events,
    views: [{ name: "v", text, options: {}, isRead: false }],
    courses: [{ epochs: arrivals.map((arrival) => [arrival]), restoreAfter: 3, lookAfter: 5 }],
  }
  const { differences } = await compareTrial(oracle, trial)
  assert.ok(differences.length > 0, "upper() makes a difference")
  const small = await shrink(oracle, trial, differences[0]!)
  const [course] = small.courses
  assert.equal(course?.epochs.flat().length, 1, describe(small))
  assert.equal(course?.restoreAfter, -1)
  assert.match(describe(small), /^SELECT e\.i AS i, e\.s AS s FROM e$/m)
})

test("the same rows answered twice are a difference", async () => {
  const random = new SeededRandom(11)
  const events = randomEvents(random)
  await oracle.load(tablesOf(events, []), [])
  const arrivals = randomArrivals(events, random)
  const twice = "SELECT e.id AS id FROM e UNION ALL SELECT e.id FROM e"
  const text = either("SELECT e.id AS id FROM e", twice)
  const courses = [{ epochs: [arrivals], restoreAfter: -1, lookAfter: -1 }]
  const { differences } = await compareTrial(oracle, {
    events,
    views: [{ name: "v", text, options: {}, isRead: false }],
    courses,
  })
  assert.match(differences[0]?.reason ?? "", /rows expected/)
})
