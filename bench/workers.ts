/**
 * What a second worker brings: Nexmark's queries with much state, by one worker and by two, per second and
 * per CPU-second of all threads. More is done in all by two, since each looks at every event.
 */
import { createEngine } from "../src/engine/create-engine.ts"
import { EngineWorkers } from "../src/runners/embedded/workers/engine-workers.ts"
import { NEXMARK_QUERIES } from "../test/nexmark/queries.ts"
import { planOf, sinkEngineOf } from "../test/nexmark/run-query.ts"
import type { Bench } from "./figure.ts"
import { measure } from "./nexmark-epochs.ts"

const QUERIES = new Set(["q4", "q5", "q9", "q16", "q17", "q18", "q19", "q20"])
const WORKERS = 2

export const bench: Bench = {
  name: "workers",
  about:
    "Nexmark's queries with much state by two workers, checkpoints on, against one: thousand events per " +
    "second, and per CPU-second of all threads.",
  async run(report, { scale }) {
    for (const definition of NEXMARK_QUERIES) {
      if (!QUERIES.has(definition.name)) continue
      const plan = await planOf(definition)
      const one = measure(sinkEngineOf(plan, createEngine), plan, scale)
      await using workers = await EngineWorkers.start(WORKERS)
      const two = measure(
        sinkEngineOf(plan, (specs) => workers.createEngine(specs, {})),
        plan,
        scale,
      )
      const metric = definition.name
      report({ metric, value: two.perSecond, unit: "k events/s", baseline: one.perSecond })
      const { perCpuSecond: value } = two
      report({ metric: `${metric}, CPU`, value, unit: "k events/CPU-s", baseline: one.perCpuSecond })
    }
  },
}
