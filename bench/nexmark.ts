/**
 * Nexmark from decoded columns: events per CPU-second of one core, checkpoints on, beside what Flink 2 is
 * published with per used core (nexmark/nexmark's second suite, RocksDB, 100,000 events per second of event
 * time). All events count, also those of kinds that a query does not read. Making events is not measured.
 */

import { NEXMARK_QUERIES } from "../test/nexmark/queries.ts"
import { planOf, sinkEngineOf } from "../test/nexmark/run-query.ts"
import type { Bench } from "./figure.ts"
import { measure } from "./nexmark-epochs.ts"

/** Thousand events per second and used core. */
const FLINK: Readonly<Record<string, number>> = {
  q0: 379,
  q1: 395,
  q2: 414,
  q3: 219,
  q4: 28,
  q5: 75,
  q7: 23,
  q8: 162,
  q9: 13.8,
  q11: 46,
  q12: 194,
  q14: 259,
  q15: 168,
  q16: 45,
  q17: 161,
  q18: 65,
  q19: 43,
  q20: 17.8,
  q21: 147,
  q22: 212,
}

export const bench: Bench = {
  name: "nexmark",
  about:
    "Nexmark q0 to q23 from decoded columns, 100,000 events per second of event time, checkpoints on: " +
    "thousand events per CPU-second, against Flink's published figure per used core.",
  async run(report, { scale }) {
    const ratios: number[] = []
    for (const definition of NEXMARK_QUERIES) {
      const plan = await planOf(definition)
      const value = measure(sinkEngineOf(plan), plan, scale).perCpuSecond
      const baseline = FLINK[definition.name] ?? null
      if (baseline !== null) ratios.push(value / baseline)
      report({ metric: definition.name, value, unit: "k events/CPU-s", baseline })
    }
    const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
    report({ metric: "geometric mean of the ratios", value: mean, unit: "x Flink", baseline: null })
  },
}
