import assert from "node:assert/strict"
import { test } from "node:test"
import { FLOAT64, INT32, STRING } from "../columns/types.ts"
import { SeededRandom } from "../std/random.ts"
import { createEngine } from "./create-engine.ts"
import type { JoinSpec, OperatorSpec } from "./dataflow.ts"
import { column, rowsOf, sliceOf } from "./kit/batches.ts"
import { aggregate, call, col, compare, lit } from "./kit/expressions.ts"
import { groupBy, source, view } from "./kit/harness.ts"
import { JoinHarness, joinOf, SIDE, within } from "./kit/joins.ts"

const NONE = [null, null, null]
const A1 = ["a", 1, 5n]
const A2 = ["a", 2, 6n]
const B1 = ["b", 1, 7n]

test("each type of join, as rows of either side come", () => {
  const cases: [JoinSpec["type"], first: unknown[][], second: unknown[][]][] = [
    ["inner", [], [[1, ...A1, ...A2]]],
    [
      "left",
      [
        [1, ...A1, ...NONE],
        [1, ...B1, ...NONE],
      ],
      [
        [1, ...A1, ...A2],
        [-1, ...A1, ...NONE],
      ],
    ],
    [
      "full",
      [
        [1, ...A1, ...NONE],
        [1, ...B1, ...NONE],
      ],
      [
        [1, ...A1, ...A2],
        [-1, ...A1, ...NONE],
      ],
    ],
    ["semi", [], [[1, ...A1]]],
    [
      "anti",
      [
        [1, ...A1],
        [1, ...B1],
      ],
      [[-1, ...A1]],
    ],
  ]
  for (const [type, first, second] of cases) {
    const join = JoinHarness.of({ type })
    assert.deepEqual(join.epoch({ left: [A1, B1] }).changes, first, `${type}: left rows`)
    assert.deepEqual(sorted(join.epoch({ right: [A2] }).changes), sorted(second), `${type}: a partner`)
  }
})

// risingwave#8059, #8084, #24790.
test("47: NULL equals nothing, on either side of a full join, and such rows are rows of their own", () => {
  const join = JoinHarness.of({ type: "full" })
  const unknown = [null, 1, 1n]
  join.epoch({ left: [unknown, unknown], right: [unknown] })
  assert.deepEqual(
    sorted(join.rows()),
    sorted([
      [...unknown, ...NONE],
      [...unknown, ...NONE],
      [...NONE, ...unknown],
    ]),
  )
  const anti = JoinHarness.of({ type: "anti" })
  anti.epoch({ left: [unknown], right: [unknown] })
  assert.deepEqual(anti.rows(), [unknown])
  for (const type of ["inner", "semi"] as const) {
    const other = JoinHarness.of({ type })
    other.epoch({ left: [unknown], right: [unknown] })
    assert.deepEqual(other.rows(), [], type)
  }
})

test("-0 equals 0 and NaN equals NaN", () => {
  const columns = [column("x", FLOAT64)]
  const sides = { left: { input: "events", columns, keys: [0], expiry: null } }
  const join: JoinSpec = {
    kind: "join",
    id: "join",
    type: "inner",
    left: sides.left,
    right: { ...sides.left, input: "more" },
    condition: null,
    emit: "changes",
    columns: [...columns, column("y", FLOAT64)],
  }
  const engine = createEngine([
    source(columns),
    source(columns, "more"),
    join,
    view("v", "join", join.columns, null),
  ])
  const slices = [
    sliceOf("events", columns, [[0], [Number.NaN]]),
    sliceOf("more", columns, [[-0], [Number.NaN]]),
  ]
  engine.runEpoch({ epoch: 1, slices, watermarksUs: new Map() })
  using snapshot = engine.snapshot("v")
  assert.deepEqual(rowsOf(snapshot.select({ where: [], sort: [], offset: 0, limit: 9 })).length, 2)
})

test("of rows that only come, EXISTS keeps one per key", () => {
  for (const type of ["semi", "anti"] as const) {
    const join = JoinHarness.of({ type })
    join.epoch({ right: [A2] })
    const bytes = join.engine.stateBytes()
    for (let k = 0; k < 20; k++) join.epoch({ right: Array.from({ length: 500 }, () => A1) })
    assert.equal(join.engine.stateBytes(), bytes)
    join.epoch({ left: [A1, B1] })
    assert.deepEqual(join.rows(), [type === "semi" ? A1 : B1])
  }
})

test("without keys every row meets every other", () => {
  const join = JoinHarness.of({ type: "inner", keys: [] })
  join.epoch({ left: [A1, B1], right: [A2, [null, 9, 9n]] })
  assert.equal(join.rows().length, 4)
})

// risingwave#2420, #5947.
test("38: insert, delete, insert in a full join leaves no row of NULLs only", () => {
  const graph = retractingFull()
  graph.epoch({ left: [["a", 1, 1n]], right: [["a", 5, 1n]] })
  assert.deepEqual(graph.rows(), [["a", 1, "a", 5]])
  // Both sides' groups are replaced in one epoch: deleted and inserted.
  graph.epoch({ left: [["a", 2, 1n]], right: [["a", 6, 1n]] })
  assert.deepEqual(graph.rows(), [["a", 2, "a", 6]])
  graph.epoch({ left: [["b", 2, 1n]] })
  graph.epoch({ right: [["b", 3, 1n]] })
  graph.epoch({ left: [["b", 7, 1n]] })
  assert.deepEqual(sorted(graph.rows()), [
    ["a", 2, "a", 6],
    ["b", 7, "b", 3],
  ])
})

// SPARK-26154 (spark#23634).
test("48: a left row that had a partner never comes without one, even when that partner goes first", () => {
  const join = JoinHarness.of({ type: "left", emit: "final", ...within(-100n, 3n) })
  join.epoch({ left: [["a", 1, 100n]], right: [["a", 2, 10n]], watermark: 20n })
  assert.deepEqual(join.rows(), [["a", 1, 100n, "a", 2, 10n]])
  assert.deepEqual(join.epoch({ watermark: 112n }).changes, [], "the right row is gone")
  assert.deepEqual(join.epoch({ watermark: 1_000n }).changes, [], "the left row is gone, it had a partner")
})

// KAFKA-10847 (kafka#10941).
test("49: with emit final a row comes without a partner once, when none can come any more", () => {
  const join = JoinHarness.of({ type: "full", emit: "final", ...within(0n, 10n) })
  assert.deepEqual(
    join.epoch({ left: [["a", 1, 100n]], right: [["b", 2, 100n]], watermark: 100n }).changes,
    [],
  )
  assert.deepEqual(join.epoch({ watermark: 101n }).changes, [[1, ...NONE, "b", 2, 100n]])
  assert.deepEqual(join.epoch({ watermark: 110n }).changes, [], "a partner at 110 may still come")
  assert.deepEqual(join.epoch({ watermark: 111n }).changes, [[1, "a", 1, 100n, ...NONE]])
  assert.deepEqual(join.epoch({ watermark: 1_000n }).changes, [])
})

// FLINK-39719 (#28229): what a row meets follows from the condition, not from when it comes.
test("50: a row that comes late, but not too late, meets the rows of its time and no others", () => {
  const join = JoinHarness.of({ type: "inner", ...within(-5n, 0n) })
  join.epoch({
    right: [
      ["a", 1, 10n],
      ["a", 2, 20n],
      ["a", 3, 30n],
    ],
    watermark: 12n,
  })
  join.epoch({ left: [["a", 9, 33n]], watermark: 13n })
  assert.deepEqual(join.epoch({ left: [["a", 8, 14n]] }).changes, [[1, "a", 8, 14n, "a", 1, 10n]])
})

// FLINK-8158.
test("52: rows at the bound are late once, and a join puts out nothing that is late for its reader", () => {
  const join = JoinHarness.of({ type: "inner", ...within(0n, 10n) })
  join.epoch({ left: [["a", 1, 95n]], watermark: 100n })
  const shown = join.epoch({
    left: [["a", 2, 99n]],
    right: [
      ["a", 3, 99n],
      ["a", 4, 100n],
      ["a", 5, 105n],
    ],
  })
  assert.deepEqual(shown.verdicts, ["late", "late", "applied", "applied"])
  assert.deepEqual(
    sorted(join.rows()),
    [
      ["a", 1, 95n, "a", 4, 100n],
      ["a", 1, 95n, "a", 5, 105n],
    ],
    "the row of 95 is kept for partners up to 105",
  )
})

test("a row whose time is NULL is never late and stays, but is within no interval", () => {
  const join = JoinHarness.of({ type: "left", ...within(0n, 10n) })
  join.epoch({ watermark: 100n })
  const shown = join.epoch({
    left: [["a", 1, null]],
    right: [
      ["a", 2, null],
      ["a", 3, 100n],
    ],
  })
  assert.deepEqual(shown.verdicts, ["applied", "applied", "applied"])
  assert.deepEqual(join.rows(), [["a", 1, null, ...NONE]])
})

// risingwave#11915, #19352.
test("43: a pair whose condition fails is left out and counted; its rows are as if they had not met", () => {
  const condition = compare(
    "gt",
    call("divide", INT32, lit(6, INT32), { kind: "column", index: 1, ...SIDE[1]! }),
    { kind: "column", index: 4, ...SIDE[1]! },
  )
  const join = JoinHarness.of({ type: "left", condition })
  join.epoch({
    left: [
      ["a", 0, 1n],
      ["a", 2, 1n],
    ],
    right: [["a", 1, 1n]],
  })
  assert.deepEqual(sorted(join.rows()), [
    ["a", 0, 1n, ...NONE],
    ["a", 2, 1n, "a", 1, 1n],
  ])
  assert.equal(join.engine.losses("joined").failedChanges, 1)
})

// arroyo#1044.
test("51: three inputs, each within an interval of the next", () => {
  const { condition, expiry } = within(0n, 10n)
  const first = joinOf({ type: "inner", condition, expiry }, { left: "left", right: "right" }, "first")
  const outputs = SIDE.map(({ name }) => col(first.columns, name))
  const second = joinOf({ type: "inner", condition, expiry }, { left: "back", right: "right" }, "second")
  const graph = new JoinHarness([
    source(SIDE, "left"),
    source(SIDE, "right"),
    first,
    { kind: "stage", id: "back", input: "first", filter: null, window: null, outputs, columns: SIDE },
    second,
    view("joined", "second", second.columns, null),
  ])
  graph.epoch({ left: [["a", 1, 10n]], right: [["a", 2, 12n]], watermark: 10n })
  graph.epoch({ right: [["a", 3, 15n]], watermark: 15n })
  assert.equal(graph.rows().length, 4)
  graph.epoch({ left: [["a", 1, 40n]], right: [["a", 2, 41n]], watermark: 100n })
  assert.equal(graph.rows().length, 5)
})

// arroyo#984.
test("51: over a long run, state that can meet nothing is let go, also of keys that never return", () => {
  const join = JoinHarness.of({ type: "left", emit: "final", ...within(-50n, 50n) })
  const sizes: number[] = []
  for (let epoch = 0; epoch < 100; epoch++) {
    const now = BigInt(epoch) * 1_000n
    const rows = (salt: string) =>
      Array.from({ length: 400 }, (_, k) => [`${salt} key ${epoch} ${k % 350}`, k, now + BigInt(k)])
    join.epoch({ left: rows("some"), right: [...rows("some"), ...rows("right")], watermark: now })
    sizes.push(join.engine.stateBytes() - viewBytes(join))
  }
  const early = Math.max(...sizes.slice(5, 15))
  // What never went would be ten times as much.
  assert.ok(Math.max(...sizes) <= early * 1.3, `state stays at ${early}: ${sizes.join(" ")}`)
})

test("with a time to live a row meets what came no longer before it", () => {
  const ttl = { at: 2, lateUs: 10n, keepUs: 10n }
  const join = JoinHarness.of({ type: "inner", expiry: { left: ttl, right: ttl } })
  join.epoch({ left: [["a", 1, 100n]], watermark: 109n })
  assert.equal(join.epoch({ right: [["a", 2, 109n]], watermark: 110n }).changes.length, 1)
  assert.deepEqual(join.epoch({ right: [["a", 3, 110n]] }).changes, [])
})

// materialize#15496.
test("35: what a join takes back was there: multiplicities never fall below zero", () => {
  const graph = retractingFull()
  for (let k = 0; k < 20; k++) {
    const { changes } = graph.epoch({ left: [["a", k, 1n]], right: [["a", k % 3, 1n]] })
    for (const change of changes) assert.ok(Math.abs(change[0] as number) === 1)
    assert.deepEqual(graph.rows(), [["a", k, "a", Math.min(k, 2)]])
  }
})

test("a join in a checkpoint goes on where it was, holes and all", () => {
  const make = () => JoinHarness.of({ type: "full", ...within(-20n, 20n) })
  const steady = make()
  const rows = (epoch: number, salt: number) =>
    Array.from({ length: 120 }, (_, k) => [`k${(k * salt) % 40}`, k, BigInt(epoch * 10 + (k % 30))])
  let twin: JoinHarness | null = null
  for (let epoch = 1; epoch < 12; epoch++) {
    const input = { left: rows(epoch, 7), right: rows(epoch, 3), watermark: BigInt(epoch * 10) }
    const expected = steady.epoch(input)
    if (twin !== null) assert.deepEqual(twin.epoch(input), expected)
    using checkpoint = (twin ?? steady).engine.checkpoint()
    twin = make()
    twin.engine.restore(checkpoint.parts())
  }
})

test("many keys on both sides, replaced again and again, across checkpoints", () => {
  const random = new SeededRandom(3)
  let graph = retractingFull()
  const most = [new Map<string, number>(), new Map<string, number>()] as const
  for (let epoch = 1; epoch <= 6; epoch++) {
    const [left, right] = most.map((greatest) =>
      Array.from({ length: 4_000 }, () => {
        const [key, value] = [
          `key of some length ${random.below(9_000)}`,
          epoch * 1_000 + random.below(1_000),
        ]
        greatest.set(key, Math.max(value, greatest.get(key) ?? 0))
        return [key, value, 1n]
      }),
    )
    graph.epoch({ left: left!, right: right! })
    const expected = [...most[0]].map(([key, value]) => [key, value, ...pairOf(key, most[1])])
    for (const [key, value] of most[1]) if (!most[0].has(key)) expected.push([null, null, key, value])
    assert.deepEqual(sorted(graph.rows()), sorted(expected))
    using checkpoint = graph.engine.checkpoint()
    graph = retractingFull()
    graph.engine.restore(checkpoint.parts())
  }
})

function pairOf(key: string, most: ReadonlyMap<string, number>): [string | null, number | null] {
  const value = most.get(key)
  return value === undefined ? [null, null] : [key, value]
}

const MOST = [column("key", STRING), column("most", INT32)]

/** A full join of the greatest value per key of each side: every input replaces rows. */
function retractingFull(): JoinHarness {
  const specs: OperatorSpec[] = [source(SIDE, "left"), source(SIDE, "right")]
  for (const id of ["left", "right"]) {
    const aggregates = [aggregate("max", col(SIDE, "value"))]
    specs.push(groupBy(id, { id: `most ${id}`, keys: [col(SIDE, "key")], aggregates }))
  }
  const side = (input: string) => ({ input, columns: MOST, keys: [0], expiry: null })
  const columns = [...MOST, ...MOST.map((one) => ({ ...one, name: `other_${one.name}` }))]
  const [left, right] = [side("most left"), side("most right")]
  specs.push({
    kind: "join",
    id: "join",
    type: "full",
    left,
    right,
    condition: null,
    emit: "changes",
    columns,
  })
  specs.push(view("joined", "join", columns, null))
  return new JoinHarness(specs)
}

/** What the view's own rows take: its part of the state grows with its rows. */
function viewBytes(join: JoinHarness): number {
  using checkpoint = join.engine.checkpoint()
  let bytes = 0
  for (const part of checkpoint.parts()) if (part.name.startsWith("view ")) bytes += part.bytes.length
  return bytes
}

function sorted<T>(rows: readonly T[]): T[] {
  const text = (row: T) =>
    JSON.stringify(row, (_, value) => (typeof value === "bigint" ? `${value}n` : value))
  return [...rows].sort((a, b) => (text(a) < text(b) ? -1 : 1))
}
