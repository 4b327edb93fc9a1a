/**
 * Aggregates and retraction, numbers 31 to 44 of docs/regressions.md: ways in which other stream processors
 * were wrong, each with data of its own. Numbers with # are those of public trackers.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { bindProject } from "../../src/plan/bind-project.ts"
import { view } from "../../src/plan/view.ts"
import { latest, present, reading, row, rows, SECOND } from "../kit/readings.ts"
import { SqlEngine } from "../kit/sql-engine.ts"

const unbounded = (name: string, sql: string) => view(name, { sql, state: "unbounded" })
const over = (...views: Parameters<typeof SqlEngine.of>[1]) => SqlEngine.of([reading], views)

// FLINK-13216 (flink#9120).
test("31: when a group's last value goes, its maximum goes too", async () => {
  const engine = await over(
    latest,
    present,
    unbounded("high", "SELECT n % 2 AS odd, max(n) AS high, min(n) AS low FROM present GROUP BY n % 2"),
    view("all_high", { sql: "SELECT max(n) AS high, count(*) AS keys FROM present", state: "unbounded" }),
  )
  engine.epoch(rows(["a", 1, 7], ["b", 1, 4]))
  assert.deepEqual(engine.rows("high").toSorted(), [
    [0, 4, 4],
    [1, 7, 7],
  ])
  const gone = engine.epoch(rows(["a", 2, -1]))
  assert.deepEqual(gone.changes["high"], [[-1, 1, 7, 7]])
  assert.deepEqual(engine.rows("all_high"), [[4, 1n]])
  engine.epoch(rows(["b", 2, -1]))
  assert.deepEqual(engine.rows("high"), [])
  assert.deepEqual(engine.rows("all_high"), [[null, 0n]], "over no rows: one row, and no old maximum")
})

/** Readings of "l" keys beside those of "r" keys, which meet within ten seconds. */
const meeting = view("meeting", {
  sql: `SELECT a.id AS id, a.key AS key, b.id AS other
        FROM (SELECT id, at, key, n FROM reading WHERE n = 0) AS a
        LEFT JOIN (SELECT id, at, key, n FROM reading WHERE n = 1) AS b ON a.key = b.key`,
  state: { timeToLive: "10 s" },
})

// FLINK-16047 (flink#11419).
test("32: what comes when its partner's time to live is over takes nothing back", async () => {
  const engine = await over(
    meeting,
    unbounded("lonely", "SELECT key, count(*) AS n FROM meeting WHERE other IS NULL GROUP BY key"),
  )
  engine.epoch(rows(["a", 1, 0], ["b", 1, 0], ["b", 2, 1]), 5n * SECOND)
  assert.deepEqual(engine.rows("lonely"), [["a", 1n]])
  engine.epoch({}, 30n * SECOND)
  const after = engine.epoch(rows(["a", 41, 1], ["b", 41, 1]), 31n * SECOND)
  assert.deepEqual(after.changes, {})
  assert.deepEqual(engine.rows("lonely"), [["a", 1n]])
})

// FLINK-17096, FLINK-16581.
test("33: state with a time to live goes, whether rows come one by one or in large batches", async () => {
  for (const batch of [1, 150]) {
    const engine = await over(meeting)
    const sizes: number[] = []
    for (let from = 0; from < 900; from += batch) {
      const list = Array.from({ length: batch }, (_, k): [string, number, number] => [
        `key ${from + k}`,
        Math.floor((from + k) / 10),
        1,
      ])
      engine.epoch(rows(...list), BigInt(Math.floor(from / 10)) * SECOND)
      if (from % 150 === 0) sizes.push(engine.operatorBytes())
    }
    const [, second = 0] = sizes
    assert.ok(second > 0 && Math.max(...sizes) <= 2 * second, `batches of ${batch}: ${sizes.join(" ")}`)
  }
})

// FLINK-33936 (flink#24290).
test("34: equal results send nothing, and nobody behind them forgets the row for that", async () => {
  const engine = await over(
    latest,
    view("total", { sql: "SELECT sum(n) AS total, count(*) AS keys FROM latest", state: "unbounded" }),
  )
  engine.epoch(rows(["a", 1, 5], ["b", 1, 6]), 1n * SECOND)
  for (let at = 2; at < 10; at++) {
    const again = engine.epoch(rows(["a", at * 100_000, 5]), BigInt(at * 100_000) * SECOND)
    assert.deepEqual(again.changes, {})
  }
  engine.epoch(rows(["b", 2_000_000, 1]))
  assert.deepEqual(engine.rows("total"), [[6n, 2n]])
})

// risingwave#12140.
test("36: the first of distinct values stays until its last copy goes", async () => {
  const engine = await over(
    latest,
    present,
    view("firsts", {
      sql: `SELECT first(DISTINCT n ORDER BY n) AS low, last(DISTINCT n ORDER BY n) AS high,
            string_agg(DISTINCT key, ',' ORDER BY key) AS keys FROM present`,
      state: "unbounded",
    }),
  )
  engine.epoch(rows(["a", 1, 3], ["b", 1, 3], ["c", 1, 8]))
  assert.deepEqual(engine.rows("firsts"), [[3, 8, "a,b,c"]])
  engine.epoch(rows(["a", 2, -1]))
  assert.deepEqual(engine.rows("firsts"), [[3, 8, "b,c"]])
  engine.epoch(rows(["b", 2, -1]))
  assert.deepEqual(engine.rows("firsts"), [[8, 8, "c"]])
  engine.epoch(rows(["c", 2, -1], ["a", 3, 9]))
  assert.deepEqual(engine.rows("firsts"), [[9, 9, "a"]])
})

// risingwave#14095.
test("37: a CASE that means something else is another plan, which no old state goes into", async () => {
  const sorts = (otherwise: number) => {
    const sort = `CASE WHEN n > 0 THEN 1 ELSE ${otherwise} END`
    return unbounded("sorts", `SELECT ${sort} AS sort, count(*) AS n FROM reading GROUP BY 1`)
  }
  const fingerprint = async (otherwise: number) => {
    const { plans } = await bindProject({ events: [reading], views: [sorts(otherwise)] })
    return plans[0]!.fingerprint
  }
  assert.equal(await fingerprint(0), await fingerprint(0))
  assert.notEqual(await fingerprint(0), await fingerprint(2))
  const before = await over(sorts(0))
  before.epoch(rows(["a", 1, 0], ["b", 1, 1]))
  const same = await over(sorts(0))
  same.restoreFrom(before)
  assert.deepEqual(same.rows("sorts"), before.rows("sorts"))
  const other = await over(sorts(2))
  assert.throws(() => other.restoreFrom(before), { code: "checkpoint-mismatch" })
})

// risingwave#11256, #7552.
test("39: a row that overflows fails alone, its neighbours and the view go on", async () => {
  const engine = await over(
    unbounded("next", "SELECT key, sum(n + 1) AS total FROM reading GROUP BY key"),
    view("product", { sql: "SELECT sum(big * 10) AS total, count(*) AS n FROM reading" }),
  )
  const { verdicts } = engine.epoch({
    reading: [
      row({ at: 1, n: 1, big: 1n }),
      row({ at: 2, n: 2_147_483_647, big: 2n ** 62n }),
      row({ at: 3, n: 2, big: 2n }),
    ],
  })
  const failed = ["applied", "failed: integer-out-of-range", "applied"]
  assert.deepEqual(verdicts, { next: failed, product: failed })
  assert.deepEqual(engine.rows("next"), [["a", 5n]])
  engine.restart()
  engine.epoch({ reading: [row({ at: 4, n: 3, big: 3n })] })
  assert.deepEqual(engine.rows("next"), [["a", 9n]])
  assert.deepEqual(engine.rows("product"), [[60n, 3n]])
})

// materialize#14695, doris#68123, trino#30600.
test("40: no sum wraps: whole numbers, decimals, floats, and those of OVER", async () => {
  const engine = await over(
    view("sums", {
      sql: `SELECT sum(big) AS whole, avg(big) AS mean, sum(n) AS small, sum(x) AS float,
            sum(CAST(big AS numeric(38, 0)) * 1000000000000000000) AS wide FROM reading`,
    }),
    unbounded("running", "SELECT id, sum(big) OVER (ORDER BY at) AS so_far FROM reading"),
  )
  const most = 2n ** 63n - 1n
  const list = [1, 2, 3].map((at) => row({ at, n: 2_147_483_647, big: most, x: 1e308 }))
  engine.epoch({ reading: list })
  const [sums] = engine.rows("sums")
  assert.equal(sums![0], 3n * most)
  assert.equal(sums![1], most * 10n ** 16n)
  assert.equal(sums![2], 3n * 2_147_483_647n)
  assert.equal(sums![3], null, "beyond the doubles there is no value")
  assert.equal(engine.losses("sums").overflowedResults, 1)
  assert.equal(sums![4], 3n * most * 10n ** 18n)
  assert.deepEqual(
    engine
      .rows("running")
      .map(([, soFar]) => soFar)
      .toSorted(),
    [most, 2n * most, 3n * most].toSorted(),
  )
})

test("40: a float sum beyond the doubles is NULL and counted, until its group had no values", async () => {
  const engine = await over(
    unbounded("latest_x", "SELECT key, last(x ORDER BY at) AS x FROM reading WHERE x <> 0 GROUP BY key"),
    unbounded("shown", "SELECT key, x FROM latest_x WHERE x > 0"),
    view("sums", { sql: "SELECT sum(x) AS total, avg(x) AS mean FROM shown", state: "unbounded" }),
  )
  const all = (at: number, x: number) => ({ reading: ["a", "b"].map((key) => row({ key, at, x })) })
  engine.epoch(all(1, 1.5e308))
  assert.deepEqual(engine.rows("sums"), [[null, null]])
  assert.ok(engine.losses("sums").overflowedResults > 0)
  engine.epoch({ reading: [row({ key: "a", at: 2, x: 1 })] })
  assert.deepEqual(
    engine.rows("sums"),
    [[null, null]],
    "1.5e308 and 1 would fit: it is known not to come back",
  )
  engine.epoch(all(3, -1))
  engine.epoch(all(4, 2))
  assert.deepEqual(engine.rows("sums"), [[4, 2]])
})

// clickhouse#115970, doris#5226.
test("41: GROUP BY, DISTINCT, PARTITION BY and joins agree on -0 and NaN", async () => {
  const engine = await over(
    unbounded("groups", "SELECT x, count(*) AS n FROM reading GROUP BY x"),
    unbounded("singles", "SELECT DISTINCT x FROM reading"),
    view("distinct_count", { sql: "SELECT count(DISTINCT x) AS n FROM reading", state: "unbounded" }),
    unbounded("places", "SELECT id, row_number() OVER (PARTITION BY x ORDER BY at) AS place FROM reading"),
    unbounded("pairs", "SELECT a.id AS a, b.id AS b FROM reading AS a JOIN reading AS b ON a.x = b.x"),
  )
  const list = [0, -0, Number.NaN, -Number.NaN, null, null].map((x, at) => row({ at, x }))
  engine.epoch({ reading: list })
  const shown = engine.rows("groups").map(([x, n]) => [String(x), n])
  assert.deepEqual(shown.toSorted(), [
    ["0", 2n],
    ["NaN", 2n],
    ["null", 2n],
  ])
  assert.equal(engine.rows("singles").length, 3)
  assert.deepEqual(engine.rows("distinct_count"), [[2n]])
  assert.deepEqual(
    engine
      .rows("places")
      .map(([, place]) => place)
      .toSorted(),
    [1n, 1n, 1n, 2n, 2n, 2n],
  )
  assert.equal(engine.rows("pairs").length, 8, "two pairs of two; NULL meets nothing")
})

// risingwave#12474, #17131.
test("42: a branch that is not taken is not computed", async () => {
  const engine = await over(
    view("guarded", {
      sql: `SELECT id, CASE WHEN n <> 0 THEN 10 / n ELSE -1 END AS quotient,
            coalesce(key, CAST(n AS text)) AS name FROM reading WHERE n IS NULL OR n = 0 OR 10 / n > 0`,
      state: "unbounded",
    }),
    view("filtered", { sql: "SELECT sum(10 / n) FILTER (WHERE n <> 0) AS total FROM reading" }),
    view("bare", { sql: "SELECT id, coalesce(10 / n, 0) AS quotient FROM reading", state: "unbounded" }),
  )
  const { verdicts } = engine.epoch(rows(["a", 1, 0], ["b", 1, 5], ["c", 1, null]))
  assert.deepEqual(verdicts["guarded"], ["applied", "applied", "applied"])
  assert.deepEqual(verdicts["filtered"], ["applied", "applied", "applied"])
  assert.deepEqual(verdicts["bare"], ["failed: division-by-zero", "applied", "applied"])
  assert.deepEqual(engine.rows("guarded").toSorted(), [
    ["a 1", -1, "a"],
    ["b 1", 2, "b"],
    ["c 1", -1, "c"],
  ])
  assert.deepEqual(engine.rows("filtered"), [[2n]])
})

// risingwave#11915, #19352.
test("43: a row that failed when it came subtracts nothing when it goes", async () => {
  const engine = await over(
    latest,
    view("shares", { sql: "SELECT sum(100 / n) AS total, count(*) AS n FROM latest", state: "unbounded" }),
  )
  engine.epoch(rows(["a", 1, 0], ["b", 1, 5]))
  assert.deepEqual(engine.rows("shares"), [[20n, 1n]])
  engine.epoch(rows(["a", 2, 10]))
  assert.deepEqual(engine.rows("shares"), [[30n, 2n]])
  engine.epoch(rows(["a", 3, 0]))
  engine.epoch(rows(["a", 4, 4]))
  assert.deepEqual(engine.rows("shares"), [[45n, 2n]])
  assert.ok(engine.losses("shares").failedChanges >= 2)
})

// risingwave#4355.
test("44: a correlated count without a match is 0, before and after there was one", async () => {
  const engine = await over(
    latest,
    present,
    unbounded(
      "counts",
      `SELECT r.id AS id, (SELECT count(*) FROM present AS p WHERE p.n = r.n) AS same
       FROM (SELECT id, n FROM reading WHERE key = 'asks') AS r`,
    ),
  )
  engine.epoch(rows(["asks", 1, 3]))
  engine.epoch(rows(["asks", 2, -1]))
  const count = () => Object.fromEntries(engine.rows("counts") as [string, bigint][])
  assert.deepEqual(count(), { "asks 1": 0n, "asks 2": 0n })
  engine.epoch(rows(["a", 1, 3], ["b", 1, 3]))
  assert.deepEqual(count(), { "asks 1": 2n, "asks 2": 0n })
  engine.epoch(rows(["a", 2, -1], ["b", 2, -1]))
  assert.deepEqual(count(), { "asks 1": 0n, "asks 2": 0n })
})
