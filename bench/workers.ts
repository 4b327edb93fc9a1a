/**
 * What a second worker costs and brings: Nexmark's queries with much state, by one worker and by two. More is
 * done in all by two, since each looks at every event. The two take turns, epoch by epoch, so that what else
 * the machine does is the same for both.
 */
import { loadavg } from "node:os"
import { EngineWorkers } from "../src/runners/embedded/workers/engine-workers.ts"
import { nexmarkSlice } from "../test/nexmark/columns.ts"
import { NEXMARK_QUERIES } from "../test/nexmark/queries.ts"
import { planOf, sinkEngineOf, slicesOf } from "../test/nexmark/run-query.ts"
import type { Bench } from "./figure.ts"
import { EPOCH_EVENTS, NEXMARK_OPTIONS, QueryRun } from "./nexmark/query-run.ts"

const QUERIES = new Set(["q4", "q5", "q9", "q16", "q17", "q18", "q19", "q20"])
const WORKERS = 2
/** At scale 1. */
const EVENTS = 2_000_000

export const bench: Bench = {
  name: "workers",
  about:
    "Nexmark's queries with much state by two workers, checkpoints on, against one: thousand events per " +
    "second, and per CPU-second of all threads.",
  parts: [...QUERIES],
  countsEvents: true,
  async run(report, { scale, only, events: counted }) {
    const events = counted ?? Math.max(4 * EPOCH_EVENTS, Math.round(EVENTS * scale))
    for (const definition of NEXMARK_QUERIES) {
      const { name } = definition
      if (!QUERIES.has(name) || only?.includes(name) === false) continue
      const plan = await planOf(definition)
      await using workers = await EngineWorkers.start(WORKERS)
      const engine = sinkEngineOf(plan, (specs) => workers.createEngine(specs, {}))
      const [one, two] = [new Timed(new QueryRun(plan)), new Timed(new QueryRun(plan, engine))]
      for (let from = 0; from < events; from += EPOCH_EVENTS) {
        const to = Math.min(events, from + EPOCH_EVENTS)
        const { batches, timeMs } = nexmarkSlice(from, to, NEXMARK_OPTIONS)
        const isCounted = from >= events / 2
        for (const { run, time } of [one, two]) {
          time(isCounted ? to - from : 0, () => run.epoch(slicesOf(batches, from, plan), timeMs))
        }
      }
      report({ metric: name, value: two.perSecond, unit: "k events/s", baseline: one.perSecond })
      const { perCpuSecond: value } = two
      report({ metric: `${name}, CPU`, value, unit: "k events/CPU-s", baseline: one.perCpuSecond })
    }
    report({ metric: "load when it ended", value: loadavg()[0]!, unit: "programs", baseline: null })
  },
}

class Timed {
  readonly run: QueryRun
  #events = 0
  #cpuUs = 0
  #wallMs = 0

  constructor(run: QueryRun) {
    this.run = run
  }

  /** @param events 0 while state and code get warm: nothing counts then */
  readonly time = (events: number, run: () => void): void => {
    const [before, startMs] = [process.cpuUsage(), performance.now()]
    run()
    const { user, system } = process.cpuUsage(before)
    if (events === 0) return
    this.#events += events
    this.#cpuUs += user + system
    this.#wallMs += performance.now() - startMs
  }

  get perSecond(): number {
    return this.#events / this.#wallMs
  }

  /** Of all threads. */
  get perCpuSecond(): number {
    return (this.#events / this.#cpuUs) * 1_000
  }
}
