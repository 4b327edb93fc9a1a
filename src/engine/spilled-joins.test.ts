/**
 * Joins that have an eighth of the memory that their rows need put out, change by change, what joins do that
 * have memory for all of them.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../std/random.ts"
import { createEngine } from "./create-engine.ts"
import type { Engine, EpochInput, OperatorSpec } from "./dataflow.ts"
import type { Row } from "./kit/batches.ts"
import { rowKey, sliceOf, weightedRows } from "./kit/batches.ts"
import { aggregate, col } from "./kit/expressions.ts"
import { groupBy, source, view } from "./kit/harness.ts"
import { type JoinParts, joinOf, SIDE, within } from "./kit/joins.ts"
import { keepingNothing, MemorySpill } from "./kit/memory-spill.ts"

/** The least that a row may need where pages split: a few of 64 KB beyond seven eighths of it. */
const LIMIT = 2 << 20
/** A part's tables split more than once for a row: all of its keys' hashes begin alike. */
const LIMIT_OF_PART = 3 << 20
const EPOCHS = 8
const CHECKPOINT_AT = 4
const EPOCH_US = 4_000_000n

interface Case {
  readonly name: string
  readonly parts: JoinParts
  /** Rows of the right side are taken back when newer ones come. */
  readonly replaces: boolean
  readonly keys: number
  /** Of an epoch. */
  readonly rows: { readonly left: number; readonly right: number }
}

const REPLACED: Case = {
  name: "all rows of both sides, of which those of one are replaced",
  parts: { type: "full" },
  replaces: true,
  keys: 6_000,
  rows: { left: 500, right: 1_000 },
}

const CASES: readonly Case[] = [
  REPLACED,
  {
    name: "rows that only come",
    parts: { type: "inner" },
    replaces: false,
    keys: 9_000,
    rows: { left: 900, right: 900 },
  },
  {
    name: "rows within an interval, which go when it has passed",
    parts: { type: "left", emit: "final", ...within(-EPOCH_US, EPOCH_US) },
    replaces: false,
    keys: 9_000,
    rows: { left: 1_800, right: 1_800 },
  },
  {
    name: "a key that has more rows than there is memory",
    parts: { type: "semi" },
    replaces: true,
    keys: 1,
    rows: { left: 3, right: 1_700 },
  },
]

function graph({ parts, replaces }: Case): OperatorSpec[] {
  const latest = groupBy("right", {
    id: "latest",
    keys: [col(SIDE, "key"), col(SIDE, "value")],
    aggregates: [aggregate("max", col(SIDE, "time"))],
    columns: SIDE,
  })
  const join = joinOf(parts, { left: "left", right: replaces ? "latest" : "right" })
  const between = replaces ? [latest] : []
  const sources = [source(SIDE, "left"), source(SIDE, "right")]
  return [...sources, ...between, join, view("joined", "join", join.columns, null)]
}

function epochsOf({ keys, rows }: Case): EpochInput[] {
  const random = new SeededRandom(11)
  return Array.from({ length: EPOCHS }, (_, k) => {
    const now = BigInt(k + 1) * EPOCH_US
    const some = (count: number): Row[] =>
      Array.from({ length: count }, () => {
        const key = random.below(keys)
        const value = random.below(keys === 1 ? 2_000_000 : 2)
        return [`${"long ".repeat(100 + (key % 60))}${key}`, value, now - BigInt(random.below(3_000_000))]
      })
    const watermarksUs = new Map(["left", "right"].map((name) => [name, now - EPOCH_US]))
    const slices = [sliceOf("left", SIDE, some(rows.left)), sliceOf("right", SIDE, some(rows.right))]
    return { epoch: k + 1, slices, watermarksUs }
  })
}

/** Changes as text, in their order. */
function run(engine: Engine, input: EpochInput): string[] {
  return engine.runEpoch(input).changes.flatMap(({ changes }) => {
    return weightedRows(changes).map(([weight, row]) => `${weight} ${rowKey(row)}`)
  })
}

function limited(one: Case, maxStateBytes = LIMIT, parts = 1): Engine {
  return createEngine(graph(one), { maxStateBytes, spill: { openFile: () => new MemorySpill() }, parts })
}

function assertWithin(engine: Engine, limit: number, where: string): void {
  const bytes = engine.stateBytes() - engine.spill().spilledBytes
  assert.ok(bytes <= limit, `${where}: ${bytes} bytes in memory`)
}

for (const one of CASES) {
  test(`a join of ${one.name}, in an eighth of its memory, across a checkpoint`, () => {
    const free = createEngine(graph(one))
    let engine = limited(one)
    let most = 0
    let changes = 0
    for (const input of epochsOf(one)) {
      const where = `epoch ${input.epoch}`
      using checkpoint = input.epoch === CHECKPOINT_AT ? engine.checkpoint() : null
      const expected = run(free, input)
      assert.deepEqual(run(engine, input), expected, where)
      assertWithin(engine, LIMIT, where)
      assert.equal(engine.work("joined").at(-2)!.state.rows, free.work("joined").at(-2)!.state.rows)
      changes += expected.length
      most = Math.max(most, free.stateBytes())
      if (checkpoint === null) continue
      const parts = [...checkpoint.parts()]
      assertWithin(engine, LIMIT, `${where}, with a checkpoint held`)
      engine = limited(one)
      engine.restore(parts)
      assertWithin(engine, LIMIT, "restored")
      assert.deepEqual(run(engine, input), expected, `${where}, restored`)
    }
    assert.ok(most > 8 * LIMIT, `${most} bytes in all`)
    assert.ok(changes > 20, `${changes} changes`)
  })
}

test("a join whose pages are out is taken over by other numbers of parts, within their memory", () => {
  const free = createEngine(graph(REPLACED))
  const made = (parts: number) => limited(REPLACED, LIMIT_OF_PART * parts, parts)
  let engine = made(1)
  for (const input of epochsOf(REPLACED)) {
    assert.deepEqual(run(engine, input).sort(), run(free, input).sort(), `epoch ${input.epoch}`)
    const parts = new Map([
      [5, 3],
      [7, 2],
    ]).get(input.epoch)
    if (parts === undefined) continue
    using checkpoint = engine.checkpoint()
    const next = made(parts)
    next.restore([...checkpoint.parts()])
    assertWithin(next, LIMIT_OF_PART * parts, `taken over by ${parts} parts`)
    assert.ok(engine.spill().spilledBytes > LIMIT_OF_PART && next.spill().spilledBytes > LIMIT_OF_PART)
    engine = next
  }
})

test("a page of a join that no checkpoint writes again, going by its stamp, is as it was", () => {
  const engine = createEngine(graph(REPLACED), keepingNothing())
  const images = new Map<number, Uint8Array>()
  let before = -1
  let unchanged = 0
  for (const input of epochsOf({ ...REPLACED, rows: { left: 3, right: 3 } })) {
    run(engine, input)
    using checkpoint = engine.checkpoint()
    for (const { page, bytes, name } of checkpoint.parts()) {
      if (page === undefined || !name.startsWith("join/")) continue
      const known = images.get(page.key)
      if (page.stamp <= before && known !== undefined) {
        assert.equal(Buffer.compare(bytes, known), 0, `epoch ${input.epoch}: ${name}`)
        unchanged++
      }
      images.set(page.key, bytes)
    }
    before = checkpoint.generation
  }
  assert.ok(unchanged > 0, "some pages need not be written again")
  assert.ok(engine.spill().faults > 0)
})
