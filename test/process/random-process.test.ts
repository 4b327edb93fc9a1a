/**
 * Random rows, watermarks and clock readings through a process that does everything a process can, against
 * the naive one; cut into epochs, and restored in the middle, with the same bytes in the checkpoint.
 */
import { deepEqual, equal } from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { readRow } from "../../src/columns/scalar.ts"
import { float64, int32 } from "../../src/contracts/field-types.ts"
import { restoreOrdered } from "../../src/engine/checkpoint/ordered-state.ts"
import { pagePlace, SavedParts, SavedState } from "../../src/engine/checkpoint/saved-state.ts"
import { createEngine } from "../../src/engine/create-engine.ts"
import type { EpochResult } from "../../src/engine/dataflow.ts"
import { VERDICTS } from "../../src/engine/dataflow.ts"
import { keepingNothing, MemorySpill } from "../../src/engine/kit/memory-spill.ts"
import { noLosses } from "../../src/engine/losses.ts"
import { OrderedTable } from "../../src/engine/state/ordered-table.ts"
import { PageStore } from "../../src/engine/state/page-store.ts"
import { process } from "../../src/plan/process.ts"
import { SeededRandom } from "../../src/std/random.ts"
import type { NaiveEpoch, NaiveHandlers } from "./naive-process.ts"
import { NaiveProcess } from "./naive-process.ts"
import { ProcessRun, reading } from "./run-process.ts"

const SEEDS = 40
const TIME_TO_LIVE_MS = 64_000

/** Amounts say what to do; the state's count makes each call's outcome depend on all calls before it. */
const handlers: NaiveHandlers = {
  onRow(ctx, { amount }) {
    ctx.state.count++
    ctx.state.big += BigInt(amount) * 10_000_000_000n
    const at = ctx.time + (amount % 7) * 3_000
    const soon = ctx.processingTime + (amount % 5) * 1_000
    switch (amount % 12) {
      case 0:
        ctx.state.notes = [...ctx.state.notes, `n${amount}`].slice(-3)
        break
      case 1:
        ctx.setEventTimer(at)
        ctx.setEventTimer(at)
        break
      case 2:
        ctx.deleteEventTimer(at)
        break
      case 3:
        ctx.setProcessingTimer(soon)
        break
      case 4:
        ctx.deleteProcessingTimer(soon)
        break
      case 5:
        ctx.emit({ a: ctx.state.count, b: ctx.state.notes.length })
        ctx.output("odd", { a: amount })
        ctx.setEventTimer(at)
        ctx.state.notes.push("gone")
        throw new Error(`no ${amount}`)
      case 6:
        ctx.clear()
        break
      case 7:
        ctx.setEventTimer(ctx.time - 30_000)
        break
      case 8:
        ctx.output("odd", { a: amount })
        break
      default:
        ctx.emit({ a: ctx.state.count, b: (ctx.watermark ?? 0) / 1_000 })
    }
  },
  onEventTimer(ctx, { time }) {
    ctx.state.notes.push("t")
    ctx.emit({ a: ctx.state.count, b: time / 1_000 })
    if (ctx.state.count % 3 === 0) ctx.setEventTimer(time + 2_000)
    if (ctx.state.count % 5 === 4) throw new TypeError("timer")
    if (ctx.state.notes.length > 5) ctx.clear()
  },
  onProcessingTimer(ctx, { time }) {
    ctx.state.count += 2
    ctx.output("odd", { a: time % 1_000_000 })
    if (ctx.state.count % 2 === 0) ctx.setEventTimer(ctx.time)
    if (ctx.state.count % 7 === 0) ctx.setProcessingTimer(ctx.processingTime + 1)
  },
}

const busy = process("busy", {
  from: reading,
  columns: ["amount"],
  key: "meter",
  state: z.object({ count: z.number(), notes: z.array(z.string()), big: z.bigint() }),
  initial: { count: 0, notes: [], big: 0n },
  stateBound: { timeToLive: `${TIME_TO_LIVE_MS} ms` },
  output: z.object({ a: int32(), b: float64() }),
  sideOutputs: { odd: z.object({ a: int32() }) },
  version: 1,
  onRow: (ctx, row) => handlers.onRow(ctx as never, row),
  onEventTimer: (ctx, timer) => handlers.onEventTimer(ctx as never, timer),
  onProcessingTimer: (ctx, timer) => handlers.onProcessingTimer(ctx as never, timer),
})

function randomEpochs(random: SeededRandom): NaiveEpoch[] {
  let [now, clockMs] = [100, 1_000]
  let watermarkMs: number | null = null
  return Array.from({ length: 4 + random.below(30) }, () => {
    now += random.below(20)
    clockMs += random.below(4_000) - 300
    if (random.below(3) > 0) watermarkMs = Math.max(watermarkMs ?? 0, (now - random.below(10)) * 1_000)
    const rows = Array.from({ length: random.below(14) }, () => {
      const key = `m${random.below(6)}`
      return [key, random.below(100), (now - random.below(15)) * 1_000] as const
    })
    return { rows, watermarkMs, clockMs }
  })
}

/** A row of a batch in the words of the naive process. */
function shown({ changes }: EpochResult): string[] {
  return changes.flatMap(({ view, changes: batch }) =>
    Array.from({ length: batch.length }, (_, k) => {
      const cells = readRow(batch, k)
      const time = Number(cells.at(-1)) / 1_000
      const output = view === "busy" ? "main" : view.slice("busy_".length)
      return `${output}: ${JSON.stringify([...cells.slice(0, -1), time])}`
    }),
  )
}

function runEpoch(run: ProcessRun, { rows, watermarkMs, clockMs }: NaiveEpoch): EpochResult {
  return run.run(
    rows.map(([key, amount, timeMs]) => [key, amount, timeMs / 1_000]),
    { clock: clockMs / 1_000, ...(watermarkMs === null ? {} : { watermark: watermarkMs / 1_000 }) },
  )
}

const sorted = (lines: readonly string[]): string[] => lines.toSorted()

/** What a checkpoint has of the process: its numbers and every entry of its tables. (Pages also have room
 *  that is not used, and say when they were copied last.) */
function checkpointed(run: ProcessRun): string[] {
  const parts = new Map(run.checkpoint().map(({ name, bytes }) => [name, bytes]))
  const id = run.specs.find(({ kind }) => kind === "process")!.id
  const tables = ["states", "ages", "event-timers", "processing-timers"].flatMap((name) => {
    const store = new PageStore(2 ** 30)
    const table = new OrderedTable(store)
    const group = `${id}/${name}`
    const saved = new SavedState(store, parts, { index: 0, count: 1 })
    const images = new SavedParts([saved], { isWhole: true })
    restoreOrdered({ spec: { id: group }, table, closedUntilUs: 0n }, saved, noLosses())
    for (const [part, bytes] of parts) {
      const place = pagePlace(part)
      if (place?.group === group) images.fill(part, { ...place, key: 0 }, bytes)
    }
    images.checkFilled()
    const entries: string[] = []
    for (const at = table.first(); at.valid; at.next()) {
      entries.push(`${name} ${at.weight} ${Buffer.from(at.bytes()).toString("latin1")}`)
    }
    return entries
  })
  return [Buffer.from(parts.get(`${id}/process`)!).toString(), ...tables]
}

test("a process agrees with its definition, epoch by epoch", async () => {
  const { specs } = await ProcessRun.of(busy)
  let out = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = new ProcessRun(specs)
    const naive = new NaiveProcess(handlers, TIME_TO_LIVE_MS)
    for (const [k, epoch] of randomEpochs(new SeededRandom(seed)).entries()) {
      const result = runEpoch(run, epoch)
      const expected = naive.epoch(epoch)
      out += expected.length
      deepEqual(sorted(shown(result)), sorted(expected), `seed ${seed}, epoch ${k}`)
      const verdicts = Array.from(result.verdicts[0]?.verdicts ?? [], (each) => VERDICTS[each]!)
      deepEqual(verdicts, naive.verdicts, `verdicts of seed ${seed}, epoch ${k}`)
    }
  }
  equal(out > 3_000, true, "there is something to compare")
})

test("after a restore a process goes on as if there had been none, wherever its pages are", async () => {
  const { specs } = await ProcessRun.of(busy)
  let entries = 0
  let faults = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const epochs = randomEpochs(random)
    const one = new ProcessRun(specs)
    const file = new MemorySpill()
    const spilled = () =>
      createEngine(
        specs,
        keepingNothing(() => file),
      )
    const other = new ProcessRun(specs, spilled())
    for (const epoch of epochs) {
      deepEqual(shown(runEpoch(other, epoch)), shown(runEpoch(one, epoch)), `seed ${seed}`)
      if (random.below(3) === 0) other.restore(spilled)
    }
    faults += file.reads
    const state = checkpointed(one)
    entries += state.length
    deepEqual(checkpointed(other), state, `checkpoint of seed ${seed}`)
  }
  equal(entries > 300, true, "there are states and timers to compare")
  equal(faults > 300, true, "pages came back")
})

test("how rows are cut into epochs changes nothing while neither watermark nor clock move", async () => {
  const { specs } = await ProcessRun.of(busy)
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const rows = Array.from({ length: 60 }, () => {
      const amount = random.below(100)
      // These set a timer that is due when the epoch ends, so that it does matter when that is.
      const isDueNow = amount % 12 === 3 && amount % 5 === 0
      return [`m${random.below(4)}`, isDueNow ? 0 : amount, 100_000 + random.below(60_000)] as const
    })
    const whole = new ProcessRun(specs)
    const parts = new ProcessRun(specs)
    const last = { watermarkMs: 300_000, clockMs: 50_000 }
    const together = [...shown(runEpoch(whole, { rows, watermarkMs: null, clockMs: 1_000 }))]
    const apart: string[] = []
    for (let from = 0; from < rows.length; ) {
      const until = from + 1 + random.below(9)
      const some = rows.slice(from, until)
      apart.push(...shown(runEpoch(parts, { rows: some, watermarkMs: null, clockMs: 1_000 })))
      from = until
    }
    together.push(...shown(runEpoch(whole, { rows: [], ...last })))
    apart.push(...shown(runEpoch(parts, { rows: [], ...last })))
    deepEqual(sorted(apart), sorted(together), `seed ${seed}`)
  }
})

/** Sessions by a process: what came until nothing came for ten seconds. */
const bursts = process("bursts", {
  from: reading,
  columns: ["amount"],
  key: "meter",
  state: z.object({ sum: z.number(), until: z.number().nullable() }),
  initial: { sum: 0, until: null },
  stateBound: "unbounded",
  output: z.object({ meter: z.string().nullable(), sum: int32() }),
  version: 1,
  onRow(ctx, { amount }) {
    ctx.state.sum += amount
    if (ctx.state.until !== null) ctx.deleteEventTimer(ctx.state.until)
    ctx.state.until = ctx.time + 10_000
    ctx.setEventTimer(ctx.state.until)
  },
  onEventTimer(ctx) {
    ctx.emit({ meter: ctx.key, sum: ctx.state.sum })
    ctx.clear()
  },
})

test("rows in order give the same whether they come one by one or as history, all at once", async () => {
  const { specs } = await ProcessRun.of(bursts)
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed)
    let timeMs = 100_000
    const rows = Array.from({ length: 50 }, () => {
      timeMs += random.below(6_000)
      return [`m${random.below(3)}`, random.below(100), timeMs] as const
    })
    const history = new ProcessRun(specs)
    const live = new ProcessRun(specs)
    const end = { rows: [], watermarkMs: timeMs + 60_000, clockMs: 1 }
    const atOnce = shown(runEpoch(history, { rows, watermarkMs: timeMs, clockMs: 1 }))
    const oneByOne = rows.flatMap((row) => {
      return shown(runEpoch(live, { rows: [row], watermarkMs: row[2], clockMs: 1 }))
    })
    deepEqual(
      sorted([...atOnce, ...shown(runEpoch(history, end))]),
      sorted([...oneByOne, ...shown(runEpoch(live, end))]),
      `seed ${seed}`,
    )
    equal(oneByOne.length > 3, true, "there are sessions to compare")
  }
})
