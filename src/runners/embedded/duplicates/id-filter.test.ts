import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../../../std/random.ts"
import { IdFilter, type PairList, RUNS_PER_FILTER } from "./id-filter.ts"

const IDS = 50_000

function randomHashes(seed: number): Int32Array {
  const random = new SeededRandom(seed)
  return Int32Array.from({ length: 4 * IDS }, () => random.below(2 ** 32) | 0)
}

function found(filter: IdFilter, hashes: Int32Array): Map<number, number[]> {
  const pairs: PairList = []
  filter.probe(
    hashes,
    Int32Array.from({ length: IDS }, (_, row) => row),
    IDS,
    pairs,
  )
  const runs = new Map<number, number[]>()
  for (let i = 0; i < pairs.length; i += 2)
    runs.set(pairs[i]!, [...(runs.get(pairs[i]!) ?? []), pairs[i + 1]!])
  return runs
}

test("a full filter finds the run of every id, and hardly any of others", () => {
  const filter = new IdFilter(IDS)
  const hashes = randomHashes(1)
  const runOf = (row: number) => row % RUNS_PER_FILTER
  for (let row = 0; row < IDS; row++) {
    filter.put(Int32Array.from([...hashes.subarray(4 * row, 4 * row + 4), 0]), 0, 5, runOf(row))
  }
  const own = found(filter, hashes)
  for (let row = 0; row < IDS; row++) assert.ok(own.get(row)?.includes(runOf(row)), `row ${row}`)
  const others = found(filter, randomHashes(2)).size
  // 15 fingerprints of 18 bits: 3 are to be expected.
  assert.ok(others < 15, `${others} of ${IDS} look known`)
})

test("ids that share a bucket go on in the next ones, around the end, too", () => {
  const filter = new IdFilter(200)
  for (let i = 0; i < 200; i++) {
    filter.put(Int32Array.of(-1, i * 7_919, 0, 0, 0), 0, 5, i % RUNS_PER_FILTER)
  }
  const hashes = Int32Array.from({ length: 4 * IDS }, (_, word) => {
    return word % 4 === 0 ? -1 : Math.floor(word / 4) * 7_919
  })
  const runs = found(filter, hashes)
  for (let i = 0; i < 200; i++) assert.ok(runs.get(i)?.includes(i % RUNS_PER_FILTER), `id ${i}`)
})
