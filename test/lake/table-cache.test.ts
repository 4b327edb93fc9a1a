import assert from "node:assert/strict"
import { test } from "node:test"
import { GroupCache } from "../../src/stores/lake/group-cache.ts"
import { LakeTable } from "../../src/stores/lake/lake-table.ts"
import { decodeManifestList } from "../../src/stores/lake/manifest-list.ts"
import type { RecordSlab } from "../../src/stores/lake/record-slab.ts"
import { TableCache } from "../../src/stores/lake/table-cache.ts"
import { append, createTable, fileOf } from "../kit/lake-table.ts"

test("of files it keeps names and sizes, and of snapshots that expired nothing", () => {
  const { table, parts } = createTable()
  for (let n = 0; n < 20; n++) append(table, fileOf(n), n)
  const snapshots = table.metadata.snapshots
  for (const file of table.dataFiles(snapshots[3]!))
    assert.deepEqual(Object.keys(file).sort(), ["day", "path", "recordCount", "sizeBytes"])
  const idOf = (n: number) => snapshots[n]!["snapshot-id"]
  const isKnown = (id: number) => {
    let known = true
    parts.cache.manifestPaths(id, () => {
      known = false
      return []
    })
    return known
  }
  table.unreferenced()
  assert.ok(isKnown(idOf(3)), "a list is read once")
  table.expire((snapshot) => snapshot["snapshot-id"] !== idOf(4))
  table.unreferenced()
  assert.ok(!isKnown(idOf(4)), "the list of a snapshot that is gone is forgotten")
  assert.ok(isKnown(idOf(5)))
})

test("many manifests of large files become few when some file is replaced", () => {
  const { table, parts, disk } = createTable()
  for (let n = 0; n < 60; n++) append(table, fileOf(n), n)
  const listOf = (one: LakeTable) => {
    const path = one.local(one.snapshot!["manifest-list"])
    const file = disk.open(path, { readOnly: true })
    const bytes = new Uint8Array(file.sizeBytes())
    file.read(bytes, 0)
    file.close()
    return decodeManifestList(bytes, path)
  }
  assert.equal(listOf(table).length, 60)
  table.replace([fileOf(100, 20)], [fileOf(7), fileOf(8)])
  const manifests = listOf(table)
  assert.equal(manifests.length, 2)
  const [added, merged] = manifests
  assert.deepEqual([added!.added_files_count, added!.added_rows_count], [1, 20])
  assert.deepEqual([merged!.existing_files_count, merged!.deleted_files_count], [58, 2])
  const again = LakeTable.open({ ...parts, cache: new TableCache() })!
  const names = again.dataFiles().map(({ path }) => Number(/(\d+)\.parquet$/.exec(path)![1]))
  const expected = [...Array.from({ length: 60 }, (_, n) => n).filter((n) => n !== 7 && n !== 8), 100]
  assert.deepEqual(
    names.sort((a, b) => a - b),
    expected,
  )
  assert.equal(again.snapshot!.summary["total-records"], "600")
})

const slab = (sizeBytes: number) =>
  ({ bytes: new Uint8Array(sizeBytes), offsetDeltas: new Int32Array(0) }) as unknown as RecordSlab
const MIB = 1024 * 1024

test("old records take no more memory than a few groups, and none when nobody reads them", async () => {
  const reads: string[] = []
  const groups = new GroupCache({
    groups: async () => [],
    records: async ({ path }) => {
      reads.push(path)
      if (path === "broken") throw new Error("it is cut off")
      return slab(24 * MIB)
    },
  })
  const read = (path: string) =>
    groups.records({
      path,
      topic: "order",
      partition: 0,
      firstOffset: 0,
      lastOffset: 9,
      firstRow: 0,
      rowCount: 10,
    })
  for (const path of ["a", "b", "a", "b"]) await read(path)
  assert.deepEqual(reads, ["a", "b"], "two groups stay")
  await read("c")
  await read("b")
  await read("a")
  assert.deepEqual(reads, ["a", "b", "c", "a"], "the one that was read longest ago went for the third")
  groups.sweep()
  await read("a")
  groups.sweep()
  for (const path of ["a", "b"]) await read(path)
  assert.deepEqual(reads.slice(4), ["b"], "what was read since the last time stays")
  await assert.rejects(read("broken"))
  await assert.rejects(read("broken"))
  assert.deepEqual(reads.slice(5), ["broken", "broken"], "a failure is not remembered")
})
