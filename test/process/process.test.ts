/** What a process does, word by word. */
import { deepEqual, equal, throws } from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { int32 } from "../../src/contracts/field-types.ts"
import { bindProject } from "../../src/plan/bind-project.ts"
import { process } from "../../src/plan/process.ts"
import { view } from "../../src/plan/view.ts"
import { viewQuery } from "../../src/runners/clickhouse/view-query.ts"
import { ProcessRun, reading } from "./run-process.ts"

const MINUTE = 60_000

/** The sum of a meter's amounts, when nothing came for a minute. */
const sessions = process("sessions", {
  from: reading,
  key: "meter",
  state: z.object({ sum: z.number(), deadline: z.number().nullable() }),
  initial: { sum: 0, deadline: null },
  stateBound: { timeToLive: "1 hour" },
  output: z.object({ meter: z.string().nullable(), sum: int32() }),
  sideOutputs: { negative: z.object({ amount: int32() }) },
  version: 1,
  onRow(ctx, row) {
    if (row.amount < 0) {
      ctx.output("negative", { amount: row.amount })
      return
    }
    if (row.amount === 13) throw new RangeError("13 is not counted")
    ctx.state.sum += row.amount
    if (ctx.state.deadline !== null) ctx.deleteEventTimer(ctx.state.deadline)
    ctx.state.deadline = ctx.time + MINUTE
    ctx.setEventTimer(ctx.state.deadline)
  },
  onEventTimer(ctx) {
    ctx.emit({ meter: ctx.key, sum: ctx.state.sum })
    ctx.clear()
  },
})

test("state is kept per key, and an event-time timer fires when the watermark has passed it", async () => {
  const run = await ProcessRun.of(sessions)
  deepEqual(run.epoch("a:1@10 b:5@10 a:2@20", { watermark: 20 }), [])
  deepEqual(run.epoch("", { watermark: 70 }), [])
  deepEqual(run.epoch("a:4@75", { watermark: 75 }), ["sessions: b 5 70"])
  deepEqual(run.epoch("", { watermark: 200 }), ["sessions: a 7 135"])
  deepEqual(run.epoch("a:1@210", { watermark: 271 }), ["sessions: a 1 270"])
})

test("NULL is a key like any other", async () => {
  const run = await ProcessRun.of(sessions)
  deepEqual(run.epoch("NULL:1@10 NULL:2@11", { watermark: 100 }), ["sessions: NULL 3 71"])
})

test("side outputs and failures are views of their own, which views can read", async () => {
  const negatives = view("negatives", {
    sql: `SELECT window_end, count(*) AS n
          FROM tumble(sessions_negative, event_time, INTERVAL '1 minute') GROUP BY window_end`,
    emit: "final",
  })
  const run = await ProcessRun.of(sessions, negatives)
  deepEqual(run.epoch("a:-4@10 a:-5@20 b:13@21", { watermark: 20 }), [
    "sessions_negative: -4 10",
    "sessions_negative: -5 20",
    'sessions_failures: row "b" RangeError: 13 is not counted 21',
  ])
  deepEqual(run.epoch("", { watermark: 61 }), ["negatives: 60 2"])
})

test("a row that the function fails on has a failed verdict and leaves its key as it was", async () => {
  const run = await ProcessRun.of(sessions)
  deepEqual(run.verdicts("a:1@10 a:13@11 a:2@12"), ["applied", "failed", "applied"])
  deepEqual(run.epoch("", { watermark: 100 }), ["sessions: a 3 72"])
})

test("a row behind the watermark is late", async () => {
  const run = await ProcessRun.of(sessions)
  run.epoch("a:1@100", { watermark: 100 })
  deepEqual(run.verdicts("a:1@99.999999 a:1@100"), ["late", "applied"])
})

test("within allowedLateness a late row is handed over and says so", async () => {
  const lateness = process("lateness", {
    from: reading,
    key: "meter",
    output: z.object({ late: z.boolean(), watermark: z.number().nullable() }),
    allowedLateness: "10 s",
    version: 1,
    onRow(ctx) {
      ctx.emit({ late: ctx.isLate, watermark: ctx.watermark })
    },
  })
  const run = await ProcessRun.of(lateness)
  deepEqual(run.epoch("a:1@100", { watermark: 100 }), ["lateness: false NULL 100"])
  deepEqual(run.epoch("a:1@99 a:1@90 a:1@89.9"), ["lateness: true 100000 99", "lateness: true 100000 90"])
})

test("processing-time timers fire by the epoch's clock, and the engine says when it wants one", async () => {
  const alarm = process("alarm", {
    from: reading,
    key: "meter",
    output: z.object({ at: z.number(), clock: z.number() }),
    version: 1,
    onRow(ctx, { amount }) {
      if (amount > 0) ctx.setProcessingTimer(ctx.processingTime + amount * 1_000)
      else ctx.deleteProcessingTimer(ctx.processingTime - amount * 1_000)
    },
    onProcessingTimer(ctx, timer) {
      ctx.emit({ at: timer.time, clock: ctx.processingTime })
      if (timer.time === 3_000) ctx.setProcessingTimer(timer.time + 4_000)
    },
  })
  const run = await ProcessRun.of(alarm)
  equal(run.engine.wakeAtMs(), null)
  run.epoch("a:3@50 b:2@51 c:4@52 a:3@53", { clock: 0 })
  equal(run.engine.wakeAtMs(), 2_000)
  deepEqual(run.epoch("", { clock: 1.999 }), [])
  deepEqual(run.epoch("", { clock: 2 }), ["alarm: 2000 2000 53"])
  run.epoch("c:-2@54", { clock: 2 })
  deepEqual(run.epoch("", { clock: 5, watermark: 60 }), ["alarm: 3000 5000 54"])
  equal(run.engine.wakeAtMs(), 7_000)
  // A clock that was set back does not take it back.
  deepEqual(run.epoch("d:1@70", { clock: 4 }), [])
  equal(run.engine.wakeAtMs(), 6_000)
  deepEqual(run.epoch("", { clock: 7 }), ["alarm: 6000 7000 70", "alarm: 7000 7000 70"])
})

test("a timer's handler that throws is told of, and changes nothing", async () => {
  const failing = process("failing", {
    from: reading,
    key: ["meter", "amount"],
    state: z.object({ fired: z.number() }),
    initial: { fired: 0 },
    stateBound: "unbounded",
    output: z.object({ fired: int32() }),
    version: 1,
    onRow(ctx) {
      ctx.setEventTimer(ctx.time)
      ctx.setEventTimer(ctx.time + 1_000)
    },
    onEventTimer(ctx, timer) {
      ctx.state.fired++
      ctx.emit({ fired: ctx.state.fired })
      if (timer.time === 5_000) throw new Error("at five")
      if (timer.time === 6_000) ctx.setEventTimer(6_000)
    },
  })
  const run = await ProcessRun.of(failing)
  run.epoch("a:1@5", {})
  deepEqual(run.epoch("", { watermark: 10 }), [
    'failing_failures: event timer {"meter":"a","amount":1} Error: at five 5',
    'failing_failures: event timer {"meter":"a","amount":1} RangeError: setEventTimer in a timer\'s ' +
      "handler takes a time later than the timer that fires (6000); else it would fire for ever 6",
  ])
  equal(run.engine.losses("failing").failedChanges, 2)
  run.epoch("a:1@11", {})
  deepEqual(run.epoch("", { watermark: 20 }), ["failing: 1 11", "failing: 2 12"])
})

test("a state goes when the watermark is its time to live past the key's last call", async () => {
  const counts = process("counts", {
    from: reading,
    key: "meter",
    state: z.object({ n: z.number() }),
    initial: { n: 0 },
    stateBound: { timeToLive: "64 s" },
    output: z.object({ n: int32() }),
    version: 1,
    onRow(ctx) {
      ctx.emit({ n: ++ctx.state.n })
    },
  })
  const run = await ProcessRun.of(counts)
  deepEqual(run.epoch("a:0@10 a:0@10", { watermark: 10 }), ["counts: 1 10", "counts: 2 10"])
  deepEqual(run.epoch("", { watermark: 73.9 }), [])
  deepEqual(run.epoch("a:0@80", { watermark: 143.9 }), ["counts: 3 80"])
  run.restore()
  deepEqual(run.epoch("", { watermark: 144 }), [])
  deepEqual(run.epoch("a:0@150"), ["counts: 1 150"])
})

test("random numbers are the same after a restore", async () => {
  const dice = process("dice", {
    from: reading,
    key: "meter",
    output: z.object({ first: z.number(), second: z.number() }),
    version: 1,
    onRow(ctx) {
      ctx.emit({ first: ctx.random(), second: ctx.random() })
    },
  })
  const one = await ProcessRun.of(dice)
  const other = await ProcessRun.of(dice)
  deepEqual(one.epoch("a:1@1 b:1@1"), other.epoch("a:1@1 b:1@1"))
  other.restore()
  const next = one.epoch("a:1@2 a:1@2")
  deepEqual(other.epoch("a:1@2 a:1@2"), next)
  equal(new Set(next).size, 2)
})

test("ClickHouse says that it cannot compute an output again, nor a view over one", async () => {
  const over = view("over", { sql: "SELECT amount FROM sessions_negative" })
  const { plans } = await bindProject({ events: [reading], views: [sessions, over] })
  for (const name of ["sessions", "sessions_negative", "sessions_failures", "over"]) {
    const options = {
      view: name,
      plans: new Map(plans.map((plan) => [plan.name, plan])),
      contracts: new Map([[reading.name, reading]]),
      tables: {
        ...{ event: (table: string) => table, excluded: "excluded" },
        ...{ partly: "partly", isPartlyUsed: () => false },
      },
      closedUntilUs: null,
      trace: null,
      rows: "used" as const,
    }
    throws(() => viewQuery(options), /ClickHouse cannot run a process\(\)/)
  }
})
