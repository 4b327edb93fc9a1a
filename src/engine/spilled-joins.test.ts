/**
 * Joins whose rows have more than their memory: in an eighth of it, taken over by several parts, and what
 * checkpoints take for unchanged.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../std/random.ts"
import { createEngine } from "./create-engine.ts"
import type { EpochInput, OperatorSpec } from "./dataflow.ts"
import type { Row } from "./kit/batches.ts"
import { sliceOf } from "./kit/batches.ts"
import { aggregate, col } from "./kit/expressions.ts"
import { groupBy, source, view } from "./kit/harness.ts"
import { changesOf, compareInAnEighth, compareTakenOver } from "./kit/in-an-eighth.ts"
import { type JoinParts, joinOf, SIDE, within } from "./kit/joins.ts"
import { keepingNothing } from "./kit/memory-spill.ts"

/** A part's tables split more than once for a row: all of its keys' hashes begin alike. */
const LIMIT_OF_PART = 3 << 20
const EPOCHS = 8
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

for (const one of CASES) {
  test(`a join of ${one.name}, in an eighth of its memory, across a checkpoint`, () => {
    compareInAnEighth(graph(one), "joined", epochsOf(one))
  })
}

test("a join whose pages are out is taken over by other numbers of parts, within their memory", () => {
  const numbers = new Map([
    [5, 3],
    [7, 2],
  ])
  compareTakenOver(graph(REPLACED), epochsOf(REPLACED), LIMIT_OF_PART, numbers)
})

test("a page of a join that no checkpoint writes again, going by its stamp, is as it was", () => {
  const engine = createEngine(graph(REPLACED), keepingNothing())
  const images = new Map<number, Uint8Array>()
  let before = -1
  let unchanged = 0
  for (const input of epochsOf({ ...REPLACED, rows: { left: 3, right: 3 } })) {
    changesOf(engine, input)
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
