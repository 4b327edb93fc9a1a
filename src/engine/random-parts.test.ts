/** The number of parts that keys are split among changes no answer. */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Random } from "../std/random.ts"
import type { OperatorSpec } from "./dataflow.ts"
import { compareParts } from "./kit/compare-parts.ts"
import { randomJoins } from "./kit/random-joins.ts"
import { randomPartitions } from "./kit/random-partitions.ts"
import { randomPatterns } from "./kit/random-patterns.ts"
import { randomGraph } from "./kit/random-plans.ts"

const SEEDS = 24
const GRAPHS: readonly (readonly [string, (random: Random) => OperatorSpec[]])[] = [
  ["plans", randomGraph],
  ["joins", randomJoins],
  ["ranks and window functions", randomPartitions],
  ["patterns", randomPatterns],
]

for (const [name, graphOf] of GRAPHS) {
  test(`random ${name} give the same for one, two and three parts, also across a restore`, () => {
    let shared = 0
    let faulted = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        const { isShared, faults } = compareParts(seed, graphOf)
        if (isShared) shared++
        if (faults > 0) faulted++
      } catch (cause) {
        throw new Error(`seed ${seed}`, { cause })
      }
    }
    assert.ok(shared >= SEEDS / 5, `${shared} of ${SEEDS} seeds had views that share an operator`)
    assert.ok(faulted >= SEEDS / 5, `in ${faulted} of ${SEEDS} seeds pages left memory and came back`)
  })
}
