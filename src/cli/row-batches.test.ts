import assert from "node:assert/strict"
import { test } from "node:test"
import { eventTimePace, type Pace, parseRate, parseSpeed, ratePace, UNPACED } from "./pace.ts"
import { batches, type RowBatch } from "./row-batches.ts"
import type { SourceRow } from "./row-source.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const rowsOf = (texts: readonly string[]): SourceRow[] =>
  texts.map((text, i) => ({ json: bytes(text), line: i + 1 }))

async function* pieces(...list: readonly SourceRow[][]): AsyncGenerator<readonly SourceRow[]> {
  for (const piece of list) yield piece
}

async function gather(
  source: AsyncGenerator<readonly SourceRow[]>,
  options: { readonly pace?: Pace; readonly maxRows?: number; readonly stopped?: AbortSignal } = {},
): Promise<RowBatch[]> {
  const { pace = UNPACED, maxRows = 1_000, stopped = new AbortController().signal } = options
  const found: RowBatch[] = []
  for await (const batch of batches(source, { pace, maxRows, stopped })) found.push(batch)
  return found
}

test("rows travel together, in order, at most so many, with their lines", async () => {
  const found = await gather(pieces(rowsOf(["1", "2", "3"]), rowsOf(["4", "5"])), { maxRows: 2 })
  assert.deepEqual(
    found.map(({ body, lines }) => [new TextDecoder().decode(body), lines]),
    [
      ["1\n2\n", [1, 2]],
      ["3\n4\n", [3, 1]],
      ["5\n", [2]],
    ],
  )
})

test("a batch stays below what a server takes, but a long row still goes", async () => {
  const long = "x".repeat(3 * 1024 * 1024)
  const found = await gather(pieces(rowsOf([long, long, "y".repeat(6 * 1024 * 1024), "z"])))
  assert.deepEqual(
    found.map(({ lines }) => lines),
    [[1], [2], [3], [4]],
  )
})

test("rows of a pipe that pauses are not kept back", async () => {
  let release = () => {}
  const paused = new Promise<void>((resolve) => {
    release = resolve
  })
  async function* dripping() {
    yield rowsOf(["1"])
    await paused
    yield rowsOf(["2"])
  }
  const gathered = batches(dripping(), { pace: UNPACED, maxRows: 10, stopped: new AbortController().signal })
  const first = await gathered.next()
  assert.equal(new TextDecoder().decode(first.value?.body), "1\n")
  release()
  assert.equal(new TextDecoder().decode((await gathered.next()).value?.body), "2\n")
  assert.equal((await gathered.next()).done, true)
})

test("nothing leaves once stopped, not even what was gathered", async () => {
  const stopped = AbortSignal.abort()
  assert.deepEqual(await gather(pieces(rowsOf(["1"])), { stopped }), [])
})

test("a rate spreads rows evenly", () => {
  const pace = ratePace(200)
  assert.deepEqual(
    [1, 2, 3].map(() => pace.dueMs(bytes("{}"))),
    [0, 5, 10],
  )
})

test("event times give the distances; what is earlier or has no time goes at once", () => {
  const cases: [speed: number, unit: (second: number) => string, due: number[]][] = [
    [1, (second) => `"2026-01-01T00:00:0${second}Z"`, [0, 2_000, 2_000, 2_000, 5_000]],
    [10, (second) => String(1_700_000_000 + second), [0, 200, 200, 200, 500]],
    [10, (second) => String(1_700_000_000_000 + second * 1_000), [0, 200, 200, 200, 500]],
    [0.5, (second) => String((1_700_000_000 + second) * 1_000_000), [0, 4_000, 4_000, 4_000, 10_000]],
  ]
  for (const [speed, unit, due] of cases) {
    const pace = eventTimePace("at", speed)
    const rows = [
      `{"at":${unit(0)}}`,
      `{"at":${unit(2)}}`,
      `{"at":${unit(1)}}`,
      "{not json",
      `{"at":${unit(5)}}`,
    ]
    assert.deepEqual(
      rows.map((row) => pace.dueMs(bytes(row))),
      due,
    )
  }
})

test("rates and speeds are read, and nonsense is refused", () => {
  assert.deepEqual(["200", "200/s", " 12000 / m ", "3600/h", "0.5/s"].map(parseRate), [200, 200, 200, 1, 0.5])
  assert.deepEqual(["60", "60x", "0.5"].map(parseSpeed), [60, 60, 0.5])
  for (const text of ["", "0", "-1", "fast", "1/d"])
    assert.throws(() => parseRate(text), /--rate takes/, text)
  for (const text of ["", "0", "-1", "fast", "1/s"])
    assert.throws(() => parseSpeed(text), /--speed takes/, text)
})
