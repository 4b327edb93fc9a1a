/** A process is the first part's, whatever number of parts there is. */
import { deepEqual, ok } from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { int32 } from "../../src/contracts/field-types.ts"
import { createEngine } from "../../src/engine/create-engine.ts"
import { VERDICTS } from "../../src/engine/dataflow.ts"
import { keepingNothing } from "../../src/engine/kit/memory-spill.ts"
import { process } from "../../src/plan/process.ts"
import { view } from "../../src/plan/view.ts"
import { EngineWorkers } from "../../src/runners/embedded/workers/engine-workers.ts"
import { SeededRandom } from "../../src/std/random.ts"
import type { EpochRow } from "./run-process.ts"
import { ProcessRun, reading } from "./run-process.ts"

/** Which of two minutes' rows a key shows depends on all calls before, and on the order of rows. */
const drawn = process("drawn", {
  from: reading,
  key: "meter",
  state: z.object({ sum: z.number() }),
  initial: { sum: 0 },
  stateBound: { timeToLive: "1 hour" },
  output: z.object({ meter: z.string().nullable(), sum: int32() }),
  version: 1,
  onRow(ctx, row) {
    ctx.state.sum = (ctx.state.sum * 3 + row.amount) % 10_007
    if (ctx.random() < 0.5) ctx.emit({ meter: ctx.key, sum: ctx.state.sum })
    ctx.setProcessingTimer(ctx.processingTime + 5_000)
  },
  onProcessingTimer(ctx) {
    ctx.emit({ meter: ctx.key, sum: -ctx.state.sum })
  },
})
const totals = view("totals", {
  sql: `SELECT meter, window_end, count(*) AS n, sum(sum) AS total
        FROM tumble(drawn, event_time, INTERVAL '1 minute') GROUP BY meter, window_end`,
})

test("a process and its readers give the same for any number of parts, also across restores", async () => {
  await using workers = await EngineWorkers.start(2)
  const one = await ProcessRun.of(drawn, totals)
  const makers = [
    (specs: typeof one.specs) => createEngine(specs, { parts: 2 }),
    (specs: typeof one.specs) => workers.createEngine(specs, {}),
    (specs: typeof one.specs) => createEngine(specs, { parts: 3, ...keepingNothing() }),
    (specs: typeof one.specs) => createEngine(specs),
  ]
  const other = await ProcessRun.of(drawn, totals)
  const random = new SeededRandom(3)
  for (let epoch = 0; epoch < 24; epoch++) {
    const rows = Array.from({ length: 30 }, (): EpochRow => {
      return [`m${random.below(12)}`, random.below(500), 10 * epoch + random.below(10)]
    })
    const options = { watermark: 10 * epoch, clock: 7 * epoch }
    const [expected, found] = [one.shown(rows, options), other.shown(rows, options)]
    deepEqual(found.toSorted(), expected.toSorted(), `epoch ${epoch}`)
    if (epoch % 6 === 5) other.restore(makers[Math.floor(epoch / 6)])
  }
})

/** Sessions that a process reads are the first part's whole, too; the others know nothing of what is late. */
const visits = view("visits", {
  sql: `SELECT meter, window_start, window_end, count(*) AS n, coalesce(max(amount), 0) AS most
        FROM session(reading, at, INTERVAL '5 seconds', meter) GROUP BY meter, window_start, window_end`,
  emit: "final",
})
const longest = process("longest", {
  from: visits,
  row: z.object({ meter: z.string().nullable(), most: int32() }),
  key: "meter",
  state: z.object({ most: z.number() }),
  initial: { most: 0 },
  stateBound: { timeToLive: "1 hour" },
  output: z.object({ meter: z.string().nullable(), most: int32() }),
  version: 1,
  onRow(ctx, row) {
    ctx.state.most = Math.max(ctx.state.most, row.most)
    ctx.emit({ meter: ctx.key, most: ctx.state.most })
  },
})

test("rows that come late to sessions before a process are late for any number of parts", async () => {
  const one = await ProcessRun.of(visits, longest)
  const others = [2, 3].map((parts) => new ProcessRun(one.specs, createEngine(one.specs, { parts })))
  const random = new SeededRandom(5)
  let late = 0
  for (let epoch = 0; epoch < 20; epoch++) {
    const rows = Array.from({ length: 20 }, (_, k): EpochRow => {
      return [
        `m${random.below(9)}`,
        random.below(500),
        10 * epoch + random.below(10) - (k % 5 === 0 ? 25 : 0),
      ]
    })
    const options = { watermark: 10 * epoch - 5, clock: 10 * epoch }
    const expected = one.run(rows, options)
    late += expected.verdicts[0]!.verdicts.filter((verdict) => VERDICTS[verdict] === "late").length
    for (const other of others) {
      const found = other.run(rows, options)
      deepEqual(found.verdicts, expected.verdicts, `epoch ${epoch}`)
      deepEqual(found.changes, expected.changes, `epoch ${epoch}`)
    }
  }
  ok(late > 20, `${late} rows are late`)
})
