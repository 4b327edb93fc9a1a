import assert from "node:assert/strict"
import { test } from "node:test"
import { type SliceVerdicts, VERDICTS, type Verdict } from "../../engine/dataflow.ts"
import { FAILURES } from "../../expr/expression.ts"
import { VerdictLedger } from "./verdict-ledger.ts"

function slice(baseOffset: number, verdicts: readonly Verdict[]): SliceVerdicts {
  const failures = Uint8Array.from(verdicts, (verdict) =>
    verdict === "failed" ? FAILURES.indexOf("division-by-zero") : 0,
  )
  const codes = Uint8Array.from(verdicts, (verdict) => VERDICTS.indexOf(verdict))
  return { view: "v", source: "event:e", partition: 0, baseOffset, verdicts: codes, failures, partly: null }
}

test("totals count every row once, and survive a checkpoint", () => {
  const ledger = new VerdictLedger(["v", "w"])
  ledger.record([slice(0, ["applied", "late"]), slice(2, ["failed", "applied", "duplicate", "filtered"])])
  const expected = { applied: 2, filtered: 1, late: 1, failed: 1, duplicate: 1 }
  assert.deepEqual(ledger.totals("v"), expected)
  assert.equal(ledger.ruled("v"), 6)
  assert.equal(ledger.ruled("w"), 0)
  const restored = new VerdictLedger(["v"])
  restored.restore(JSON.parse(JSON.stringify(ledger.save())))
  assert.deepEqual(restored.totals("v"), expected)
})

test("what was saved does not count on while the checkpoint is written", () => {
  const ledger = new VerdictLedger(["v"])
  ledger.record([slice(0, ["applied"])])
  const saved = ledger.save()
  ledger.record([slice(1, ["applied", "late"])])
  const restored = new VerdictLedger(["v"])
  restored.restore(saved)
  assert.equal(restored.ruled("v"), 1)
})

test("a receipt's rows are found across slices, with the reasons of those that failed", () => {
  const ledger = new VerdictLedger(["v"])
  ledger.record([slice(0, ["applied", "late"]), slice(2, ["failed", "applied"])])
  const found = ledger.lookUp("v", "event:e", [{ partition: 0, first: 1, last: 2 }])
  assert.deepEqual(found.counts, { applied: 0, filtered: 0, late: 1, failed: 1, duplicate: 0 })
  assert.deepEqual(found.failures, { "division-by-zero": 1 })
  assert.deepEqual(found.forgotten, [])
})

test("rows that nobody ruled on here are named as forgotten", () => {
  const ledger = new VerdictLedger(["v"])
  ledger.record([slice(10, ["applied"]), slice(12, ["applied", "late"])])
  const forgotten = (partition: number, first: number, last: number) =>
    ledger.lookUp("v", "event:e", [{ partition, first, last }]).forgotten
  assert.deepEqual(forgotten(0, 8, 15), [
    { partition: 0, first: 8, last: 9 },
    { partition: 0, first: 11, last: 11 },
    { partition: 0, first: 14, last: 15 },
  ])
  assert.deepEqual(forgotten(0, 12, 13), [])
  assert.deepEqual(forgotten(1, 0, 0), [{ partition: 1, first: 0, last: 0 }])
})
