/**
 * Every Nexmark query equals the answer that is computed by hand over all events at once. The events begin
 * eight minutes before midnight, so that windows, minutes and (in a long run) days change.
 * `node test/nexmark/nexmark.test.ts 1000000 q5` runs a million events through q5; without a name, all.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { differenceOf } from "../kit/canonical.ts"
import { ANSWERS, SIDE_INPUT_KEYS } from "./answers.ts"
import { nexmarkSlice, OUT_OF_ORDER_MS } from "./columns.ts"
import type { Auction, Bid, NexmarkOptions, Person } from "./generator.ts"
import { nexmarkEvent } from "./generator.ts"
import { NEXMARK_QUERIES } from "./queries.ts"
import { engineOf, planOf, rowsOf, sideInput, slicesOf, watermarksAt } from "./run-query.ts"

const EVENTS = Number(process.argv[2] ?? 30_000)
const EPOCH_EVENTS = 5_000
const OPTIONS: NexmarkOptions = { tps: 1_000, baseMs: Date.UTC(2026, 4, 31, 23, 52) }
const wanted = process.argv[3] ?? null

for (const definition of NEXMARK_QUERIES.filter(({ name }) => wanted === null || name === wanted)) {
  test(`${definition.name} over ${EVENTS} events`, async () => {
    const plan = await planOf(definition)
    const engine = engineOf(plan)
    let epoch = 0
    if (plan.events.includes("side_input")) {
      const slice = { partition: 0, baseOffset: 0, batch: sideInput(SIDE_INPUT_KEYS), skip: null }
      engine.runEpoch({
        epoch: ++epoch,
        slices: [{ source: "event:side_input", ...slice }],
        watermarksUs: new Map(),
      })
    }
    for (let from = 0; from < EVENTS; from += EPOCH_EVENTS) {
      const { batches, timeMs } = nexmarkSlice(from, Math.min(EVENTS, from + EPOCH_EVENTS), OPTIONS)
      const { verdicts } = engine.runEpoch({
        epoch: ++epoch,
        slices: slicesOf(batches, from, plan),
        watermarksUs: watermarksAt(timeMs - OUT_OF_ORDER_MS),
      })
      for (const { verdicts: found } of verdicts)
        assert.ok(
          found.every((verdict) => verdict <= 1),
          "none is late",
        )
    }
    const difference = differenceOf(
      plan.columns,
      ANSWERS[definition.name]!(eventsUpTo(EVENTS)),
      rowsOf(engine, plan),
    )
    assert.equal(difference, null, `${definition.name}: ${difference}`)
  })
}

let made: { readonly people: Person[]; readonly auctions: Auction[]; readonly bids: Bid[] } | null = null

function eventsUpTo(count: number) {
  if (made !== null) return made
  made = { people: [], auctions: [], bids: [] }
  for (let number = 0; number < count; number++) {
    const event = nexmarkEvent(number, OPTIONS)
    if (event.kind === "person") made.people.push(event.row)
    else if (event.kind === "auction") made.auctions.push(event.row)
    else made.bids.push(event.row)
  }
  return made
}
