import assert from "node:assert/strict"
import { test } from "node:test"
import { FAILURES } from "../../expr/expression.ts"
import { NO_WINDOW_LEFT } from "../../ports/verdict-ledger.ts"
import { isPlatformError } from "../../std/errors.ts"
import {
  CODE,
  decodeLedgerRecord,
  encodeLedgerRecord,
  FAILURE_CODES,
  type LedgerRecord,
  ruledOf,
} from "./ledger-codec.ts"
import { MAX_RUNS, rulingsOf } from "./rulings-of.ts"

const LARGE = 2 ** 53 - 1
const partlyRun = (offset: number, goneEndUs: bigint) => ({ offset, count: 1, code: CODE.partly, goneEndUs })
const RULING: LedgerRecord = {
  ...{
    kind: "ruling",
    history: 1,
    epoch: LARGE,
    part: 2,
    rest: 300,
    view: "a_view",
    topic: "t",
    partition: 7,
  },
  runs: [
    { offset: 2 ** 40, count: 1, code: CODE.late },
    { offset: 2 ** 40 + 5, count: 70_000, code: CODE.failed(3) },
  ],
}

test("records read back as they were written", () => {
  const records: LedgerRecord[] = [
    RULING,
    { ...RULING, view: null, runs: [{ offset: 0, count: 1, code: CODE.duplicate }] },
    {
      ...RULING,
      runs: [-(2n ** 63n), -1n, 0n, NO_WINDOW_LEFT].map((goneEndUs, k) => partlyRun(k, goneEndUs)),
    },
    { kind: "begin", history: 9, epoch: 0, floor: LARGE, generation: "fädchen" },
    { kind: "mark", history: 9, epoch: 128, floor: 0 },
  ]
  for (const record of records) assert.deepEqual(decodeLedgerRecord(encodeLedgerRecord(record)), record)
})

test("a record that is cut off, of another version or of an unknown kind is refused", () => {
  const bytes = encodeLedgerRecord(RULING)
  const cut = bytes.slice(0, 12)
  const version = Uint8Array.from(bytes, (byte, at) => (at === 0 ? 9 : byte))
  const kind = Uint8Array.from(bytes, (byte, at) => (at === 1 ? 7 : byte))
  for (const broken of [new Uint8Array(0), cut, version, kind]) {
    assert.throws(
      () => decodeLedgerRecord(broken),
      (error) => isPlatformError(error, "ledger-broken"),
    )
  }
  assert.throws(
    () => ruledOf(200),
    (error) => isPlatformError(error, "ledger-broken"),
  )
})

test("every reason of a failed row has a code, and codes never move", () => {
  assert.deepEqual([...FAILURE_CODES].sort(), FAILURES.filter((name) => name !== "none").toSorted())
  assert.deepEqual(FAILURE_CODES, [
    "integer-out-of-range",
    "numeric-out-of-range",
    "division-by-zero",
    "invalid-cast",
    "invalid-argument",
    "timestamp-out-of-range",
    "process-failed",
  ])
})

test("an epoch's rows are joined to runs, over slices, and cut into numbered records", () => {
  const slice = (baseOffset: number, ...verdicts: number[]) => {
    return {
      view: "v",
      topic: "t",
      partition: 0,
      baseOffset,
      verdicts: Uint8Array.from(verdicts),
      failures: null,
      partly: null,
    }
  }
  const duplicates = [{ topic: "t", partition: 0, baseOffset: 10, duplicates: Uint8Array.of(0, 1) }]
  const found = rulingsOf(1, { epoch: 4, duplicates, rulings: [slice(10, 0, 4, 2), slice(13, 2, 1, 2)] })
  assert.deepEqual(
    found.map(({ view, part, rest, runs }) => [
      view,
      part,
      rest,
      runs.map(({ offset, count }) => [offset, count]),
    ]),
    [
      [null, 0, 1, [[11, 1]]],
      [
        "v",
        1,
        0,
        [
          [12, 2],
          [15, 1],
        ],
      ],
    ],
  )
  const checkered = slice(0, ...Array.from({ length: 5 * MAX_RUNS }, (_, row) => (row % 2) * 2))
  const many = rulingsOf(1, { epoch: 4, duplicates: [], rulings: [checkered] })
  assert.deepEqual(
    many.map(({ part, rest, runs }) => [part, rest, runs.length]),
    [
      [0, 2, MAX_RUNS],
      [1, 1, MAX_RUNS],
      [2, 0, MAX_RUNS / 2],
    ],
  )
  assert.deepEqual(rulingsOf(1, { epoch: 4, duplicates: [], rulings: [slice(0, 0, 1, 4)] }), [])
})

test("rows that are applied in part are runs of one end", () => {
  const verdicts = Uint8Array.from([0, 0, 0, 2, 0])
  const partly = new Map([
    [0, 60n],
    [1, 60n],
    [2, 70n],
    [4, 70n],
  ])
  const ruling = { view: "v", topic: "t", partition: 0, baseOffset: 5, verdicts, failures: null, partly }
  const [found] = rulingsOf(1, { epoch: 4, duplicates: [], rulings: [ruling] })
  const late = { offset: 8, count: 1, code: CODE.late }
  assert.deepEqual(found!.runs, [
    { ...partlyRun(5, 60n), count: 2 },
    partlyRun(7, 70n),
    late,
    partlyRun(9, 70n),
  ])
})
