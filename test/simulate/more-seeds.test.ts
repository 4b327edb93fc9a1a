import { test } from "node:test"
import { SEEDS, simulateSeeds } from "./simulate-seeds.ts"

test("log and runtime keep their laws through as many seeds again", (t) => simulateSeeds(t, SEEDS))
