import { test } from "node:test"
import { createEngine } from "../../../engine/create-engine.ts"
import { COUNTS, compareParts } from "../../../engine/kit/compare-parts.ts"
import { randomJoins } from "../../../engine/kit/random-joins.ts"
import { randomPartitions } from "../../../engine/kit/random-partitions.ts"
import { randomPatterns } from "../../../engine/kit/random-patterns.ts"
import { randomGraph } from "../../../engine/kit/random-plans.ts"
import { EngineWorkers } from "./engine-workers.ts"

const SEEDS = 8

test("one, two and three threads give the same, also across a restore with another number", async () => {
  await using two = await EngineWorkers.start(2)
  await using three = await EngineWorkers.start(3)
  const makers = [createEngine, two.createEngine.bind(two), three.createEngine.bind(three)]
  for (const graphOf of [randomGraph, randomJoins, randomPartitions, randomPatterns]) {
    for (let seed = 1; seed <= SEEDS; seed++) {
      compareParts(seed, graphOf, (specs, parts) => makers[COUNTS.indexOf(parts)]!(specs, {}))
    }
  }
})
