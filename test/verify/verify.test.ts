/** verify finds what is wrong with a live view, and nothing where nothing is. */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { gatherRows } from "../../src/columns/gather.ts"
import { createEngine } from "../../src/engine/create-engine.ts"
import type { Engine, OperatorSpec, ViewSnapshot } from "../../src/engine/dataflow.ts"
import type { VerifyResult } from "../../src/runners/clickhouse/verifier.ts"
import { type EmbeddedStore, openEmbeddedStore } from "../kit/embedded-store.ts"
import { openVerifyWorld } from "./verify-world.ts"

const PROJECT = `# A shop
event sale (id int64, at timestamp, item string, price decimal(9,2), weight float64 null) out of order 60s
view per_item (unbounded)
SELECT item, count(*) AS sold, sum(price) AS revenue, avg(weight) AS weight FROM sale GROUP BY item
view large
SELECT id, item, price / 3 AS third FROM sale WHERE price > 5
view per_minute (emit final)
SELECT window_start, item, count(*) AS n FROM tumble(sale, at, INTERVAL '1 minute')
GROUP BY window_start, item
view best (unbounded)
SELECT max(revenue) AS most, count(*) AS items FROM per_item
view patterns
SELECT id, regexp_replace(item, 'a', 'b') AS changed FROM sale
rows sale
{"id":1,"at":"2026-01-01T00:00:00Z","item":"tea","price":"4.50","weight":0.1}
{"id":2,"at":"2026-01-01T00:00:30+02:00","item":"tea","price":6.25,"weight":0.2}
{"id":3,"at":"2026-01-01T00:01:10Z","item":"pot","price":"19.99"}
{"id":4,"at":"2026-01-01T00:05:00Z","item":"cup","price":"7.00","weight":0.30000000000000004}
{"id":1,"at":"2026-01-01T00:00:00Z","item":"tea","price":"4.50","weight":0.1}
`

let store: EmbeddedStore
before(async () => {
  store = await openEmbeddedStore()
})
after(() => store[Symbol.asyncDispose]())

async function check(view: string, lie?: (engine: Engine) => Partial<Engine>): Promise<VerifyResult> {
  const { clickhouse } = store
  const planted = (specs: readonly OperatorSpec[]): Engine => {
    const engine = createEngine(specs)
    return lie === undefined ? engine : instead(engine, lie(engine))
  }
  await using world = await openVerifyWorld({ clickhouse, project: PROJECT, createEngine: planted })
  return await world.verifier.verify(view)
}

/** The engine with some of its members replaced. */
function instead<T extends object>(target: T, lies: Partial<T>): T {
  return new Proxy(target, {
    get(own, name) {
      const value: unknown = Reflect.get(lies, name) ?? Reflect.get(own, name)
      return typeof value === "function" ? value.bind(own) : value
    },
  })
}

test("a view that is as its query says is equal, whatever kind of view", async () => {
  const { clickhouse } = store
  await using world = await openVerifyWorld({ clickhouse, project: PROJECT })
  for (const view of ["per_item", "large", "per_minute", "best"]) {
    const result = await world.verifier.verify(view)
    assert.equal(result.verdict, "equal", `${view}: ${JSON.stringify(result)}`)
    assert.ok(result.rowsCompared > 0, view)
    assert.equal(result.eventsRead, 5)
    assert.equal(world.verifier.lastResult(view), result)
  }
})

test("a view with a function that ClickHouse does not have says so", async () => {
  const result = await check("patterns")
  assert.equal(result.verdict, "cannot")
  assert.match(result.reason ?? "", /regexp_replace cannot be computed by ClickHouse/)
})

test("before the first event there is nothing to compare, and that is said apart", async () => {
  const { clickhouse } = store
  const project = PROJECT.slice(0, PROJECT.indexOf("rows sale"))
  await using world = await openVerifyWorld({ clickhouse, project })
  const result = await world.verifier.verify("large")
  assert.equal(result.verdict, "empty")
  const none = { ...PROJECT_ROW, price: "1.00" }
  await world.send("sale", JSON.stringify(none))
  assert.equal((await world.verifier.verify("large")).verdict, "nothing-compared")
})

const PROJECT_ROW = { id: 9, at: "2026-01-01T00:00:00Z", item: "tea" }

/** Changes the rows that a snapshot gives. */
function onRows(change: (snapshot: ViewSnapshot) => Partial<ViewSnapshot>) {
  return (engine: Engine): Partial<Engine> => ({
    snapshot: (view) => {
      const snapshot = engine.snapshot(view)
      return instead(snapshot, change(snapshot))
    },
  })
}

test("one corrupted row is found and shown", async () => {
  const result = await check(
    "per_item",
    onRows((snapshot) => ({
      select: (query) => {
        const batch = snapshot.select(query)
        ;(batch.vectors[1]!.values as BigInt64Array)[0]! += 1n
        return batch
      },
    })),
  )
  assert.equal(result.verdict, "different")
  assert.deepEqual(result.differences, { missing: 0, extra: 0, different: 1 })
  const [example] = result.examples
  assert.equal(Number(example!.live!["sold"]), Number(example!.history!["sold"]) + 1)
})

test("a lost retraction leaves a row that is found", async () => {
  const result = await check(
    "large",
    onRows((snapshot) => ({
      rowCount: snapshot.rowCount + 1,
      select: (query) => {
        const batch = snapshot.select(query)
        return gatherRows(batch, Int32Array.from([...Array(batch.length).keys(), 0]))
      },
    })),
  )
  assert.equal(result.verdict, "different")
  assert.deepEqual(result.differences, { missing: 0, extra: 1, different: 0 })
})

test("one event that the engine skipped is found", async () => {
  const skipOne = (engine: Engine): Partial<Engine> => ({
    runEpoch: (input) =>
      engine.runEpoch({
        ...input,
        slices: input.slices.map((slice) => {
          const skip = slice.skip?.slice() ?? new Uint8Array(slice.batch.length)
          if (slice.baseOffset === 0) skip[0] = 1
          return { ...slice, skip }
        }),
      }),
  })
  const result = await check("per_item", skipOne)
  assert.equal(result.verdict, "different")
  assert.equal(result.differences.missing + result.differences.different, 1)
})
