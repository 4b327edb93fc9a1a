/**
 * Outer joins through SQL, numbers 45 and 46 of docs/regressions.md. Numbers with # are those of public
 * trackers; 47 to 52 stand in src/engine/joins.test.ts.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Scalar } from "../../src/columns/types.ts"
import { view } from "../../src/plan/view.ts"
import { reading, row } from "../kit/readings.ts"
import { SqlEngine } from "../kit/sql-engine.ts"

const unbounded = (name: string, sql: string) => view(name, { sql, state: "unbounded" })

/** Rows of n = 0 are the left side, those of n = 1 the right one. */
const LEFT = "(SELECT key AS k, big AS v, id FROM reading WHERE n = 0) AS a"
const RIGHT = "(SELECT key AS k, big AS w FROM reading WHERE n = 1) AS b"

const left = (key: string | null, big: bigint | null) => row({ id: `l ${key}`, at: 1, key, n: 0, big })
const right = (key: string | null, big: bigint | null) => row({ id: `r ${key}`, at: 1, key, n: 1, big })

const sorted = (list: readonly Scalar[][]) => list.map((each) => each.map(String).join(" ")).toSorted()

/** Both sides at once, the left one first, the right one first, with a restart in between. */
async function inEveryOrder(
  views: Parameters<typeof SqlEngine.of>[1],
  lefts: Scalar[][],
  rights: Scalar[][],
  check: (engine: SqlEngine) => void,
): Promise<void> {
  for (const epochs of [[[...lefts, ...rights]], [lefts, rights], [rights, lefts]]) {
    const engine = await SqlEngine.of([reading], views)
    for (const epoch of epochs) {
      engine.epoch({ reading: epoch })
      engine.restart()
    }
    check(engine)
  }
}

// materialize#28174.
test("45: a condition on the side that may be missing counts behind the join, in ON within it", async () => {
  const views = [
    unbounded("missing", `SELECT a.k AS k FROM ${LEFT} LEFT JOIN ${RIGHT} ON a.k = b.k WHERE b.w IS NULL`),
    unbounded("known", `SELECT a.k AS k FROM ${LEFT} LEFT JOIN ${RIGHT} ON a.k = b.k WHERE b.w IS NOT NULL`),
    unbounded(
      "within",
      `SELECT a.k AS k, b.w AS w FROM ${LEFT} LEFT JOIN ${RIGHT}
      ON a.k = b.k AND b.w IS NOT NULL`,
    ),
    unbounded(
      "outer_only",
      `SELECT a.k AS k, b.w AS w FROM ${LEFT} LEFT JOIN ${RIGHT}
      ON a.k = b.k AND a.v IS NOT NULL`,
    ),
    unbounded("tied", `SELECT a.k AS k, (SELECT max(b.w) FROM ${RIGHT} WHERE b.k = a.k) AS w FROM ${LEFT}`),
  ]
  const lefts = [left("p", 1n), left("q", null), left("r", 3n), left(null, 4n)]
  const rights = [right("p", 10n), right("q", 20n), right("r", null), right(null, 40n)]
  await inEveryOrder(views, lefts, rights, (engine) => {
    assert.deepEqual(sorted(engine.rows("missing")), ["null", "r"], "r's partner has no w, NULL has none")
    assert.deepEqual(sorted(engine.rows("known")), ["p", "q"])
    assert.deepEqual(sorted(engine.rows("within")), ["null null", "p 10", "q 20", "r null"])
    assert.deepEqual(sorted(engine.rows("outer_only")), ["null null", "p 10", "q null", "r null"])
    assert.deepEqual(sorted(engine.rows("tied")), ["null null", "p 10", "q 20", "r null"])
  })
})

// materialize#9149, #7618, risingwave#13572.
test("46: USING and NATURAL take the column from the side that is there", async () => {
  const using = ["LEFT", "RIGHT", "FULL"].map((type) => {
    const columns = "k, v, w, a.k AS ak, b.k AS bk"
    const name = `${type.toLowerCase()}_k`
    return unbounded(name, `SELECT ${columns} FROM ${LEFT} ${type} JOIN ${RIGHT} USING (k)`)
  })
  const natural = unbounded(
    "natural_full",
    `SELECT k, v, w FROM (SELECT k, v FROM ${LEFT}) AS a NATURAL FULL JOIN ${RIGHT}`,
  )
  const filtered = unbounded(
    "filtered",
    `SELECT k, w FROM ${LEFT} RIGHT JOIN ${RIGHT} USING (k) WHERE k > 'p'`,
  )
  const lefts = [left("p", 1n), left("q", 2n)]
  const rights = [right("q", 20n), right("r", 30n)]
  await inEveryOrder([...using, natural, filtered], lefts, rights, (engine) => {
    assert.deepEqual(sorted(engine.rows("left_k")), ["p 1 null p null", "q 2 20 q q"])
    assert.deepEqual(sorted(engine.rows("right_k")), ["q 2 20 q q", "r null 30 null r"])
    assert.deepEqual(sorted(engine.rows("full_k")), ["p 1 null p null", "q 2 20 q q", "r null 30 null r"])
    assert.deepEqual(sorted(engine.rows("natural_full")), ["p 1 null", "q 2 20", "r null 30"])
    assert.deepEqual(sorted(engine.rows("filtered")), ["q 20", "r 30"])
  })
})
