import assert from "node:assert/strict"
import { test } from "node:test"
import { idsOf } from "../../../test/kit/ids-of.ts"
import { FirstRows } from "./id-column.ts"
import { type IdColumn, IdTable } from "./id-table.ts"

const colliding = (ids: IdColumn): IdColumn => ({ ...ids, hashes: ids.hashes.map((hash) => hash & 1) })

/** A table does what a Map does whose ids are taken out before they are set again. */
function compareWithMap(steps: number, names: number, column: (text: string) => IdColumn): void {
  const table = new IdTable()
  const model = new Map<string, number>()
  let seed = 7
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  for (let step = 0; step < steps; step++) {
    const name = "i".repeat(random(3)) + random(names)
    const ids = column(name)
    const entry = table.find(ids, 0)
    assert.equal(entry < 0 ? undefined : table.number(entry, 1), model.get(name), `step ${step}: ${name}`)
    const action = random(10)
    if (action < 7) {
      model.delete(name)
      model.set(name, step)
      table.put(ids, 0, 0, step, 0)
    } else if (action < 8 && entry >= 0) {
      model.delete(name)
      table.remove(entry)
    } else if (action < 9 && table.oldest >= 0) {
      const [first] = model
      assert.equal(table.number(table.oldest, 1), first?.[1], `step ${step}: the oldest`)
      model.delete(first![0])
      table.remove(table.oldest)
    }
    assert.equal(table.size, model.size)
  }
  assert.deepEqual(
    [...table.entries()].map((entry) => table.number(entry, 1)),
    [...model.values()],
  )
}

test("a table of few ids that come again and again stays exact through its rebuilds", () => {
  compareWithMap(40_000, 20, idsOf)
})

test("a table that grows over several chunks stays exact", () => {
  compareWithMap(60_000, 100_000, idsOf)
})

test("ids with the same hash are told apart by their bytes", () => {
  compareWithMap(4_000, 40, (text) => colliding(idsOf(text)))
})

test("an id that is a prefix of another, or empty, is an id of its own", () => {
  const table = new IdTable()
  const ids = colliding(idsOf("", "a", "ab", "a"))
  for (const row of [0, 1, 2]) table.put(ids, row, row, 0, 0)
  assert.deepEqual(
    [0, 1, 2, 3].map((row) => table.number(table.find(ids, row), 0)),
    [0, 1, 2, 1],
  )
})

test("later copies in one column are told from the first", () => {
  for (const ids of [idsOf("a", "b", "a", "", "b", ""), colliding(idsOf("a", "b", "a", "", "b", ""))]) {
    const rows = new FirstRows(ids)
    assert.deepEqual(
      Array.from({ length: ids.count }, (_, row) => rows.add(row)),
      [true, true, false, true, false, false],
    )
  }
})
