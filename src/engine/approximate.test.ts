/** Approximate aggregates: their measured error, and that restarts and retractions do not show. */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Scalar } from "../columns/types.ts"
import { FLOAT64, INT64, JSON_TEXT, STRING, TIMESTAMP } from "../columns/types.ts"
import type { AggregateCall } from "../expr/expression.ts"
import { SeededRandom } from "../std/random.ts"
import type { OperatorSpec } from "./dataflow.ts"
import { column } from "./kit/batches.ts"
import { aggregate, col } from "./kit/expressions.ts"
import { groupBy, Harness, source, view } from "./kit/harness.ts"
import { bucketOf, RELATIVE_ERROR, valueOfBucket } from "./sketches/ddsketch.ts"
import { DISTINCT_ERROR } from "./sketches/distinct-sketch.ts"
import { COUNTERS_PER_VALUE } from "./sketches/heavy-hitters.ts"

const EVENT = [
  column("key", STRING),
  column("text", STRING),
  column("number", INT64),
  column("price", FLOAT64),
  column("time", TIMESTAMP),
]

function countDistinct(name: string): AggregateCall {
  const argument = col(EVENT, name)
  const kind = "aggregate"
  return { kind, name: "approx_count_distinct", argument, distinct: false, type: INT64, nullable: false }
}

function percentile(fraction: number, argument = col(EVENT, "price")): AggregateCall {
  const call = { kind: "aggregate", name: "approx_percentile", argument, distinct: false } as const
  return { ...call, type: FLOAT64, nullable: true, constant: fraction }
}

function grouped(aggregates: readonly AggregateCall[]): OperatorSpec[] {
  const spec = groupBy("events", { keys: [col(EVENT, "key")], aggregates: [...aggregates] })
  return [source(EVENT), spec, view("groups", "groups", spec.columns, [0])]
}

function restored(specs: readonly OperatorSpec[], harness: Harness): Harness {
  using checkpoint = harness.engine.checkpoint()
  const twin = new Harness(specs, EVENT)
  twin.engine.restore([...checkpoint.parts()])
  return twin
}

test("different values are counted exactly while few, then within four standard errors", () => {
  const specs = grouped([countDistinct("text"), countDistinct("number")])
  let harness = new Harness(specs, EVENT)
  const sizes: readonly (readonly [string, number])[] = [
    ["one", 1],
    ["ten", 10],
    ["hundred", 100],
    ["thousand", 1_000],
    ["much", 30_000],
  ]
  const rowsOf = (key: string, from: number, to: number) =>
    Array.from({ length: to - from }, (_, k): Scalar[] => [
      key,
      `${key} ${from + k}`,
      BigInt(from + k),
      null,
      0n,
    ])
  for (const half of [0, 1]) {
    for (const [key, size] of sizes) {
      const [from, to] = half === 0 ? [0, Math.ceil(size / 2)] : [Math.floor(size / 4), size]
      harness.epoch(rowsOf(key, from, to))
    }
    if (half === 0) harness = restored(specs, harness)
  }
  const before = JSON.stringify(harness.rows("groups").map(String))
  harness.epoch(sizes.flatMap(([key, size]) => rowsOf(key, 0, Math.min(size, 500))))
  assert.equal(
    JSON.stringify(harness.rows("groups").map(String)),
    before,
    "values that came before count once",
  )
  for (const [key, texts, numbers] of harness.rows("groups")) {
    const size = sizes.find(([name]) => name === key)![1]
    for (const found of [texts, numbers]) {
      const error = Math.abs(Number(found) - size) / size
      assert.ok(error <= (size <= 1_000 ? 0 : 4 * DISTINCT_ERROR), `${String(key)}: ${String(found)}`)
    }
  }
})

test("the error of approximate counts over many sets is what is documented", () => {
  const specs = grouped([countDistinct("number")])
  const harness = new Harness(specs, EVENT)
  const random = new SeededRandom(5)
  const size = 8_000
  const errors = Array.from({ length: 40 }, (_, k) => {
    const rows = Array.from({ length: size }, (): Scalar[] => {
      const value = (BigInt(random.below(2 ** 31)) << 31n) + BigInt(random.below(2 ** 31))
      return [`set ${k}`, null, value, null, 0n]
    })
    harness.epoch(rows)
    return 0
  })
  const found = harness.rows("groups").map(([, count]) => Number(count) / size - 1)
  assert.equal(found.length, errors.length)
  const mean = found.reduce((a, b) => a + b, 0) / found.length
  const deviation = Math.sqrt(found.reduce((a, b) => a + b * b, 0) / found.length)
  assert.ok(Math.abs(mean) < DISTINCT_ERROR / 2, `bias ${mean}`)
  assert.ok(deviation < 1.5 * DISTINCT_ERROR, `standard error ${deviation}`)
})

test("no double is further from its bucket's value than documented; buckets keep the order", () => {
  const random = new SeededRandom(3)
  const values = [Number.MIN_VALUE * 8, 2.2250738585072014e-308, 1, 0.1, 1e300, 1.7976931348623157e308]
  for (let k = 0; k < 20_000; k++) values.push((random.float() + 0.1) * 10 ** (random.below(600) - 300))
  const all = values.flatMap((value) => [value, -value]).sort((a, b) => a - b)
  let before = Number.NEGATIVE_INFINITY
  for (const value of all) {
    const bucket = bucketOf(value)
    assert.ok(bucket >= before, `${value} is not before the smaller ones`)
    before = bucket
    const middle = valueOfBucket(bucket)
    const error = Math.abs(middle - value) / Math.abs(value)
    assert.ok(error <= RELATIVE_ERROR + 1e-9, `${value}: ${middle}`)
  }
  const special = [Number.NEGATIVE_INFINITY, -1, -0, 0, 1, Number.POSITIVE_INFINITY, Number.NaN]
  assert.deepEqual(
    special.map((value) => valueOfBucket(bucketOf(value))).map((value) => Math.round(value)),
    [Number.NEGATIVE_INFINITY, -1, 0, 0, 1, Number.POSITIVE_INFINITY, Number.NaN],
  )
})

test("approximate percentiles are within 1 % of exact ones, also when values are taken back", () => {
  const fractions = [0, 0.01, 0.5, 0.9, 0.99, 1]
  const last: AggregateCall = {
    ...aggregate("max", col(EVENT, "price")),
    name: "last",
    order: [col(EVENT, "time"), col(EVENT, "price")].map((expression) => {
      return { expression, descending: false, nullsFirst: false }
    }),
  }
  const newest = groupBy("events", { id: "newest", keys: [col(EVENT, "text")], aggregates: [last] })
  const price = col(newest.columns, newest.columns[1]!.name)
  const spread = groupBy("newest", {
    id: "spread",
    keys: [],
    aggregates: fractions.map((fraction) => percentile(fraction, price)),
  })
  const specs = [source(EVENT), newest, spread, view("spread", "spread", spread.columns, [])]
  let harness = new Harness(specs, EVENT)
  const random = new SeededRandom(9)
  const current = new Map<string, number>()
  for (let epoch = 0; epoch < 12; epoch++) {
    const rows = Array.from({ length: 300 }, (_, k): Scalar[] => {
      const [name, value] = [`item ${random.below(800)}`, Math.exp(random.float() * 12 - 4)]
      current.set(name, value)
      return ["", name, null, value, BigInt(epoch * 1_000 + k)]
    })
    harness.epoch(rows)
    if (epoch === 5) harness = restored(specs, harness)
    const sorted = [...current.values()].sort((a, b) => a - b)
    const [found] = harness.rows("spread")
    fractions.forEach((fraction, k) => {
      const exact = sorted[Math.floor(fraction * (sorted.length - 1))]!
      assert.ok(Math.abs((found![k] as number) - exact) <= (RELATIVE_ERROR + 1e-9) * exact, `${fraction}`)
    })
  }
})

test("the most frequent values are all found, and no count is further off than its error says", () => {
  const argument = col(EVENT, "text")
  const call = { kind: "aggregate", name: "approx_top_k", argument, distinct: false } as const
  const top: AggregateCall = { ...call, type: JSON_TEXT, nullable: true, constant: 5 }
  const specs = grouped([top])
  let harness = new Harness(specs, EVENT)
  const random = new SeededRandom(4)
  const exact = new Map<string, number>()
  let rows = 0
  for (let epoch = 0; epoch < 10; epoch++) {
    // A third are of few values, the others hardly ever come twice.
    const batch = Array.from({ length: 1_000 }, (): Scalar[] => {
      const hot = random.below(3) === 0
      const text = hot ? `hot ${Math.floor(random.float() ** 2 * 6)}` : `cold ${random.below(100_000)}`
      exact.set(text, (exact.get(text) ?? 0) + 1)
      rows++
      return ["all", text, null, null, 0n]
    })
    harness.epoch([...batch, ["all", null, null, null, 0n]])
    if (epoch === 4) harness = restored(specs, harness)
  }
  const found = JSON.parse(harness.rows("groups")[0]![1] as string) as Record<string, unknown>[]
  assert.equal(found.length, 5)
  const limit = rows / (5 * COUNTERS_PER_VALUE)
  for (const { value, count, error } of found) {
    const real = exact.get(value as string)!
    assert.ok(real <= (count as number), `${value} is not counted too low`)
    assert.ok((count as number) - real <= (error as number) && (error as number) <= limit, `${value}`)
  }
  const names = found.map(({ value }) => value)
  const must = [...exact].sort(([, a], [, b]) => b - a).slice(0, 5)
  for (const [text, count] of must) if (count > 2 * limit) assert.ok(names.includes(text), text)
  assert.ok(must.filter(([, count]) => count > 2 * limit).length >= 3)
})

test("an aggregate that cannot give back is not built over rows that can go", () => {
  const counts = groupBy("events", {
    id: "counts",
    keys: [col(EVENT, "key")],
    aggregates: [aggregate("count", null)],
  })
  const argument = col(counts.columns, "key")
  const call = { ...countDistinct("key"), argument }
  const all = groupBy("counts", { id: "all", keys: [], aggregates: [call] })
  const specs = [source(EVENT), counts, all, view("all", "all", all.columns, [])]
  assert.throws(() => new Harness(specs, EVENT), /not taken back/)
})
