/**
 * Nexmark: events per CPU-second of one core, checkpoints on, from decoded columns and from NDJSON bytes with
 * the generated decoder's time in it. Columns stand beside what Flink 2 is published with per used core
 * (nexmark/nexmark's second suite, RocksDB, 100,000 events per second of event time), bytes beside the same
 * query written by hand over JSON.parse, where there is one. All events count, also those of kinds that a
 * query does not read. Making events is not measured.
 */
import { loadavg } from "node:os"
import { createJsonDecoder } from "../src/contracts/json/decoder.ts"
import type { ViewPlan } from "../src/plan/plan.ts"
import { NEXMARK_EVENTS, sliceOf } from "../test/nexmark/columns.ts"
import { nexmarkEvents } from "../test/nexmark/generator.ts"
import { NEXMARK_QUERIES } from "../test/nexmark/queries.ts"
import { planOf, slicesOf } from "../test/nexmark/run-query.ts"
import type { Bench, Figure } from "./figure.ts"
import { BY_HAND } from "./nexmark/by-hand.ts"
import { GeometricMean } from "./nexmark/geometric-mean.ts"
import { decodedSlices, postsOf } from "./nexmark/posts.ts"
import { EPOCH_EVENTS, MAX_STATE_BYTES, NEXMARK_OPTIONS, QueryRun } from "./nexmark/query-run.ts"
import { checkSameAnswer } from "./nexmark/same-answer.ts"

/** At scale 1. */
const EVENTS = 2_000_000
/** The code by hand keeps objects in the JavaScript heap, which holds no more of them. */
const MAX_EVENTS_BY_HAND = 2_000_000

const NOWHERE = (): void => {}

/** Thousand events per second and used core. */
const FLINK: Readonly<Record<string, number>> = {
  ...{ q0: 379, q1: 395, q2: 414, q3: 219, q4: 28, q5: 75, q7: 23, q8: 162, q9: 13.8, q11: 46, q12: 194 },
  ...{ q14: 259, q15: 168, q16: 45, q17: 161, q18: 65, q19: 43, q20: 17.8, q21: 147, q22: 212 },
}

export const bench: Bench = {
  name: "nexmark",
  about:
    "Nexmark q0 to q23, 100,000 events per second of event time, checkpoints on: thousand events per " +
    "CPU-second, from decoded columns against Flink's published figure per used core, from NDJSON against " +
    "JSON.parse and Maps by hand.",
  parts: NEXMARK_QUERIES.map(({ name }) => name),
  countsEvents: true,
  async run(report, { scale, only, events: counted }) {
    const events = counted ?? Math.max(4 * EPOCH_EVENTS, Math.round(EVENTS * scale))
    const means = { columns: new GeometricMean(), bytes: new GeometricMean(), byHand: new GeometricMean() }
    for (const definition of NEXMARK_QUERIES.filter(({ name }) => only?.includes(name) ?? true)) {
      const { name } = definition
      const byHand = BY_HAND[name] ?? null
      if (byHand !== null) await checkSameAnswer(definition, byHand())
      const plan = await planOf(definition)
      const found = measure(plan, events, byHand?.() ?? null)
      const flink = FLINK[name] ?? null
      const text = found.events < events ? `${name}, state full after ${found.events / 1e6} M events` : name
      means.columns.add(found.columns, flink)
      means.bytes.add(found.bytes, flink)
      means.byHand.add(found.bytes, found.byHand)
      report(figure(text, found.columns, flink))
      report(figure(`${name} from NDJSON`, found.bytes, found.byHand))
    }
    const ratios = [
      ratio("columns, geometric mean of the ratios to Flink", means.columns),
      ratio("NDJSON, geometric mean of the ratios to Flink", means.bytes),
      ratio("NDJSON, geometric mean of the ratios by hand", means.byHand),
    ]
    for (const figure of ratios.flat()) report(figure)
    report({ metric: "load when it ended", value: loadavg()[0]!, unit: "programs", baseline: null })
  },
}

const figure = (metric: string, value: number, baseline: number | null): Figure => ({
  ...{ metric, value, unit: "k events/CPU-s", baseline },
})

/** None of queries without a baseline. */
const ratio = (metric: string, mean: GeometricMean): readonly Figure[] =>
  mean.isEmpty ? [] : [{ metric, value: mean.value(), unit: "times", baseline: null }]

interface Found {
  /** Thousand events per CPU-second. */
  readonly columns: number
  readonly bytes: number
  readonly byHand: number | null
  readonly events: number
}

/** The ways take turns, epoch by epoch, so that what else the machine does is the same for all. */
function measure(plan: ViewPlan, events: number, byHand: ReturnType<(typeof BY_HAND)[string]> | null): Found {
  const decoders = new Map(NEXMARK_EVENTS.map((event) => [event.name, createJsonDecoder(event)]))
  const [fromColumns, fromBytes] = [new QueryRun(plan), new QueryRun(plan)]
  const columns = new Timing()
  const bytes = new Timing()
  const hand = new Timing()
  let done = 0
  while (done < events && fromColumns.stateBytes < MAX_STATE_BYTES) {
    const to = Math.min(events, done + EPOCH_EVENTS)
    const made = nexmarkEvents(done, to, NEXMARK_OPTIONS)
    const { batches, timeMs } = sliceOf(made)
    const posts = postsOf(made)
    columns.time(to - done, () => fromColumns.epoch(slicesOf(batches, done, plan), timeMs))
    bytes.time(to - done, () => fromBytes.epoch(decodedSlices(posts, decoders, plan), timeMs))
    if (byHand !== null && done < MAX_EVENTS_BY_HAND) {
      hand.time(to - done, () => byHand.take(posts, NOWHERE))
    }
    done = to
  }
  return {
    columns: columns.thousandPerSecond(),
    bytes: bytes.thousandPerSecond(),
    byHand: byHand === null ? null : hand.thousandPerSecond(),
    events: done,
  }
}

class Timing {
  readonly #epochs: { readonly events: number; readonly cpuUs: number }[] = []

  time(events: number, run: () => void): void {
    const before = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(before)
    this.#epochs.push({ events, cpuUs: user + system })
  }

  /** Over the second half, when state and code are warm. */
  thousandPerSecond(): number {
    const half = this.#epochs.slice(this.#epochs.length >> 1)
    const sum = (pick: (epoch: (typeof half)[number]) => number) => half.reduce((all, e) => all + pick(e), 0)
    return (sum(({ events }) => events) / sum(({ cpuUs }) => cpuUs)) * 1_000
  }
}
