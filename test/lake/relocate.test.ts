import assert from "node:assert/strict"
import { test } from "node:test"
import { SeededRandom } from "../../src/std/random.ts"
import { LakeTable } from "../../src/stores/lake/lake-table.ts"
import { TableCache } from "../../src/stores/lake/table-cache.ts"
import { SimCrash } from "../../src/testing/sim-disk.ts"
import { append, createTable, fileOf } from "../kit/lake-table.ts"

const MOVED = "/data/lake/moved"

test("a crash at any step of a moved table's first start leaves it whole, at its new place", () => {
  let step = 0
  for (let isAlive = false; !isAlive; ) {
    step++
    const { table, parts, disk } = createTable(step)
    for (let n = 0; n < 4; n++) append(table, fileOf(n), n)
    disk.rename(parts.directory, MOVED)
    disk.syncDirectory("/data/lake")
    const open = (seed: number) => {
      const life = { random: new SeededRandom(seed), cache: new TableCache(), directory: MOVED }
      return LakeTable.open({ ...parts, ...life })!
    }
    disk.crashAfter(step)
    try {
      open(step + 1000)
      isAlive = true
    } catch (error) {
      assert.ok(error instanceof SimCrash, String(error))
    }
    if (step % 2 === 0) disk.crash()
    else disk.kill()
    const found = open(step + 2000)
    assert.equal(found.metadata.location, MOVED)
    assert.deepEqual(
      found.metadata.snapshots.map((snapshot) => found.dataFiles(snapshot).length),
      [1, 2, 3, 4],
    )
    for (const { path } of found.dataFiles()) assert.ok(path.startsWith(`${MOVED}/data/`), path)
    for (const path of found.unreferenced()) disk.remove(path)
    const names = disk.list(`${MOVED}/metadata`).filter((name) => name.endsWith(".avro"))
    assert.equal(names.length, 8, "four lists and four manifests, and nothing of a first try")
    assert.equal(open(step + 3000).metadata["last-updated-ms"], found.metadata["last-updated-ms"])
  }
  assert.ok(step > 20, `only ${step} steps`)
})
