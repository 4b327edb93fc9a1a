import assert from "node:assert/strict"
import { test } from "node:test"
import { isPlatformError } from "../../../std/errors.ts"
import { atClauses } from "./at-clauses.ts"
import { momentMs } from "./moment-text.ts"

const TEN = Date.UTC(2026, 10, 27, 10)

test("tables with a moment are found, with their place and whether they have a name", () => {
  const cases: readonly (readonly [sql: string, found: readonly unknown[]])[] = [
    ["FROM lake.flight AT '2026-11-27T10:00:00Z'", [["lake.flight AT '2026-11-27T10:00:00Z'", TEN, false]]],
    ["from lake.flight at '2026-11-27 10:00' as f", [["lake.flight at '2026-11-27 10:00'", TEN, true]]],
    [
      "FROM lake.flight AT '2026-11-27T12:00+02:00' f",
      [["lake.flight AT '2026-11-27T12:00+02:00'", TEN, true]],
    ],
    ["FROM lake.flight AT SNAPSHOT 123 WHERE 1", [["lake.flight AT SNAPSHOT 123", "123", false]]],
    ["FROM lake.flight AT snapshot '123')", [["lake.flight AT snapshot '123'", "123", false]]],
    [
      "JOIN lake.`flight`/* then */AT\nSNAPSHOT 1 ON",
      [["lake.`flight`/* then */AT\nSNAPSHOT 1", "1", false]],
    ],
    [
      'FROM lake."flight" AT SNAPSHOT 1 a, lake.flight AT SNAPSHOT 2',
      [
        ['lake."flight" AT SNAPSHOT 1', "1", true],
        ["lake.flight AT SNAPSHOT 2", "2", false],
      ],
    ],
  ]
  for (const [sql, found] of cases) {
    const clauses = atClauses(sql).map(({ event, start, end, moment, isNamed }) => {
      assert.equal(event, "flight")
      return [sql.slice(start, end), "atMs" in moment ? moment.atMs : moment.snapshotId, isNamed]
    })
    assert.deepEqual(clauses, found, sql)
  }
})

test("an event may be called as a keyword is", () => {
  const [clause] = atClauses("SELECT 1 FROM lake.order AT SNAPSHOT 1 ORDER BY 1")
  assert.deepEqual([clause?.event, clause?.isNamed], ["order", false])
})

test("what only looks like a moment is left alone", () => {
  for (const sql of [
    "SELECT at FROM events.flight at WHERE at.x = 'AT SNAPSHOT 1'",
    "SELECT at snapshot FROM lake.flight",
    "SELECT 'FROM lake.flight AT \\'2026-11-27\\'' -- FROM lake.flight AT '2026-11-27'",
    "SELECT 1 /* lake.flight AT SNAPSHOT 1 */, $a$lake.flight AT SNAPSHOT 1$a$ # lake.flight AT '2026-11-27'",
    'SELECT "AT" FROM t at ORDER BY (1)',
    "SELECT * FROM lake.flight at JOIN (SELECT 1) USING (x)",
    "SELECT max(at), at -1 FROM t",
    "SELECT 1 FROM lake.flight ORDER BY at",
    "SELECT 'lake.flight AT SNAPSHOT 1",
    "SELECT `a\\`b AT SNAPSHOT 1 /* ",
  ]) {
    assert.deepEqual(atClauses(sql), [], sql)
  }
})

test("a wrong moment, and a moment where there is no past, are refused with their place", () => {
  const cases: readonly (readonly [sql: string, position: number, message: RegExp])[] = [
    [
      "SELECT 1\nFROM lake.flight AT 'yesterday'",
      30,
      /^line 2, column 21: AT takes a time .*, not 'yesterday'$/,
    ],
    ["FROM lake.flight AT '2026-02-30'", 21, /not '2026-02-30'/],
    ["FROM lake.flight AT '2026-11-27T25:00:00Z'", 21, /AT takes a time/],
    ["FROM lake.flight AT 5", 21, /not 5/],
    ["FROM lake.flight AT now()", 21, /not now/],
    ["FROM lake.flight AT {t:String}", 21, /AT takes a time as a text/],
    ["FROM lake.flight AT SNAPSHOT", 18, /takes a snapshot's id/],
    ["FROM lake.flight AT SNAPSHOT 'newest'", 30, /takes a snapshot's id/],
    ["FROM lake.flight AT SNAPSHOT 1e5", 30, /takes a snapshot's id/],
    ["FROM events.flight AT '2026-11-27'", 6, /events\.flight is none; write lake\.flight AT/],
    ["FROM flight AT SNAPSHOT 1", 6, /flight is none; write lake\.flight AT/],
    ["FROM lake.flight AS f AT '2026-11-27'", 21, /before its other name: lake\.EVENT AT '…' AS f/],
    ["FROM lake.flight f AT '2026-11-27'", 18, /AS f$/m],
    ["FROM (SELECT 1) AT '2026-11-27'", 17, /stands behind a table/],
    ["AT '2026-11-27'", 1, /stands behind a table/],
  ]
  for (const [sql, position, message] of cases) {
    assert.throws(
      () => atClauses(sql),
      (error) => {
        assert.ok(isPlatformError(error, "query-moment"), `${sql}: ${error}`)
        assert.match(error.message, message)
        assert.equal(error.details["position"], position, `${sql}: ${error.message}`)
        return true
      },
    )
  }
})

test("a day is its beginning, and what has no zone is UTC", () => {
  assert.equal(momentMs("2026-11-27"), TEN - 36_000_000)
  for (const text of ["2026-11-27 10:00", "2026-11-27T10:00:00", "2026-11-27 10:00:00.0009Z"])
    assert.equal(momentMs(text), TEN)
  for (const text of ["", "10:00", "2026-11", "2026-11-27T10", "2026-13-01", "27.11.2026"])
    assert.equal(momentMs(text), null)
})
