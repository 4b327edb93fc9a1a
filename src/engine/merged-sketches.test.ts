/** Sketches as values: what is merged answers as the whole would, within the documented error. */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Scalar } from "../columns/types.ts"
import { BYTES, FLOAT64, INT64, STRING } from "../columns/types.ts"
import type { AggregateCall } from "../expr/expression.ts"
import type { SketchAggregateName } from "../expr/sketch-aggregates.ts"
import { SeededRandom } from "../std/random.ts"
import { column } from "./kit/batches.ts"
import { aggregate, col } from "./kit/expressions.ts"
import { groupBy, Harness, source, view } from "./kit/harness.ts"
import { keepingNothing } from "./kit/memory-spill.ts"
import { cellsOf } from "./sketches/cells.ts"
import { DISTINCT_ERROR } from "./sketches/distinct-sketch.ts"
import { encodeState } from "./sketches/state-bytes.ts"

const EVENT = [column("id", INT64), column("part", INT64), column("price", FLOAT64), column("word", STRING)]
/** Of Count-Min: what part of all values an estimate is too large by, but for this part of the values. */
const [EPSILON, DELTA] = [0.001, 0.007]

function sketch(name: SketchAggregateName, argument: AggregateCall["argument"], constant?: number | string) {
  const type = name.endsWith("state") ? BYTES : name.includes("percentile") ? FLOAT64 : INT64
  const call = { kind: "aggregate", name, argument, distinct: false, type } as const
  return { ...call, nullable: true, ...(constant === undefined ? {} : { constant }) }
}

test("percentiles of merged states are those of all rows, however often rows are replaced", () => {
  const fractions = [0, 0.5, 0.99, 1]
  const newest = (id: string) =>
    groupBy("events", {
      ...{ id, keys: [col(EVENT, "id")] },
      aggregates: [aggregate("max", col(EVENT, "price")), aggregate("max", col(EVENT, "part"))],
    })
  const [below, beside] = [newest("below"), newest("beside")]
  const [, price, part] = below.columns.map(({ name }) => col(below.columns, name))
  const parts = groupBy("below", {
    ...{ id: "parts", keys: [part!] },
    aggregates: [sketch("approx_percentile_state", price!)],
  })
  const state = col(parts.columns, parts.columns[1]!.name)
  const merged = groupBy("parts", {
    ...{ id: "merged", keys: [] },
    aggregates: fractions.map((fraction) => sketch("approx_percentile_merge", state, fraction)),
  })
  const whole = groupBy("beside", {
    ...{ id: "whole", keys: [] },
    aggregates: fractions.map((fraction) => ({
      ...sketch("approx_percentile_merge", price!, fraction),
      name: "approx_percentile" as const,
    })),
  })
  const views = [view("merged", "merged", merged.columns, []), view("whole", "whole", whole.columns, [])]
  const specs = [source(EVENT), below, parts, merged, views[0]!, beside, whole, views[1]!]
  const harnesses = [{}, { parts: 3, ...keepingNothing() }].map(
    (options) => new Harness(specs, EVENT, options),
  )
  const random = new SeededRandom(7)
  for (let epoch = 0; epoch < 30; epoch++) {
    const rows = Array.from({ length: 40 }, (): Scalar[] => [
      BigInt(random.below(200)),
      BigInt(random.below(6)),
      (random.float() - 0.3) * 10 ** random.below(6),
      null,
    ])
    const found = harnesses.flatMap((harness) => {
      harness.epoch(rows)
      return [harness.rows("merged"), harness.rows("whole")]
    })
    for (const answer of found) assert.deepEqual(answer, found[0], `epoch ${epoch}`)
  }
})

test("frequencies are never too small, and hardly ever too large by more than documented", () => {
  const words = 4_000
  const parts = groupBy("events", {
    ...{ id: "parts", keys: [col(EVENT, "part")] },
    aggregates: [sketch("approx_frequency_state", col(EVENT, "word"))],
  })
  const state = col(parts.columns, parts.columns[1]!.name)
  const asked = Array.from({ length: 1_000 }, (_, k) => `word ${k * 4}`)
  const merged = groupBy("parts", {
    ...{ id: "merged", keys: [] },
    aggregates: asked.map((word) => sketch("approx_frequency_merge", state, word)),
  })
  const harness = new Harness([source(EVENT), parts, merged, view("v", "merged", merged.columns, [])], EVENT)
  const random = new SeededRandom(11)
  const exact = new Map<string, number>()
  const rows = Array.from({ length: 30_000 }, (_, k): Scalar[] => {
    const word = `word ${Math.floor(words * random.float() ** 3)}`
    exact.set(word, (exact.get(word) ?? 0) + 1)
    return [BigInt(k), BigInt(random.below(3)), null, word]
  })
  for (let from = 0; from < rows.length; from += 10_000) harness.epoch(rows.slice(from, from + 10_000))
  const [found] = harness.rows("v")
  const tooLarge = asked.filter((word, k) => {
    const more = Number(found![k]) - (exact.get(word) ?? 0)
    assert.ok(more >= 0, `${word} came more often than ${String(found![k])} times`)
    return more > EPSILON * rows.length
  })
  assert.ok(tooLarge.length <= DELTA * asked.length, `${tooLarge.length} of ${asked.length} are too large`)
})

test("different values of overlapping states are counted within four standard errors", () => {
  const STATES = [column("state", BYTES)]
  const merged = groupBy("events", {
    keys: [],
    aggregates: [sketch("approx_count_distinct_merge", col(STATES, "state"))],
  })
  const specs = [source(STATES), merged, view("v", "groups", merged.columns, [])]
  for (const size of [1, 40, 3_000, 60_000]) {
    const harness = new Harness(specs, STATES)
    for (let part = 0; part < 6; part++) {
      const registers = new Map<number, number>()
      for (let k = 0; k < size; k++) {
        if (k % 7 === part) continue
        const [register, rank] = cellsOf("count_distinct", BigInt(k), INT64) as [number, number]
        registers.set(register, Math.max(rank, registers.get(register) ?? 0))
      }
      harness.epoch([
        [
          encodeState(
            "count_distinct",
            [...registers].sort(([a], [b]) => a - b),
          ),
        ],
      ])
    }
    const error = Math.abs(Number(harness.rows("v")[0]![0]) / size - 1)
    assert.ok(error <= (size <= 40 ? 0 : 4 * DISTINCT_ERROR), `${size} values: ${error}`)
  }
})
