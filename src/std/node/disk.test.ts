import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { isPlatformError } from "../errors.ts"
import { NodeDisk } from "./disk.ts"

test("the real disk reads what was written, lists, renames and removes", (t) => {
  const root = mkdtempSync(join(tmpdir(), "disk-"))
  t.after(() => rmSync(root, { recursive: true }))
  const disk = new NodeDisk()
  disk.makeDirectory(`${root}/a/b`)
  const file = disk.open(`${root}/a/b/x`, { create: true })
  file.write(Uint8Array.of(1, 2, 3), 2)
  file.sync()
  assert.equal(file.sizeBytes(), 5)
  const target = new Uint8Array(8)
  assert.equal(file.read(target, 1), 4)
  assert.deepEqual([...target], [0, 1, 2, 3, 0, 0, 0, 0])
  file.truncate(3)
  assert.equal(file.read(target, 3), 0)
  file.close()
  disk.rename(`${root}/a/b/x`, `${root}/a/b/y`)
  disk.syncDirectory(`${root}/a/b`)
  assert.deepEqual(disk.list(`${root}/a/b`), ["y"])
  disk.remove(`${root}/a/b/y`)
  disk.remove(`${root}/a/b/y`)
  assert.deepEqual(disk.list(`${root}/a/b`), [])
  assert.deepEqual(disk.list(`${root}/none`), [])
})

test("a missing file and a full disk have their own codes", (t) => {
  const root = mkdtempSync(join(tmpdir(), "disk-"))
  t.after(() => rmSync(root, { recursive: true }))
  const disk = new NodeDisk()
  assert.throws(
    () => disk.open(`${root}/none`),
    (error) => isPlatformError(error, "file-missing"),
  )
  assert.throws(
    () => disk.open(root, {}),
    (error) => isPlatformError(error, "disk-failed"),
  )
  if (disk.exists("/dev/full")) {
    assert.throws(
      () => disk.open("/dev/full").write(new Uint8Array(10), 0),
      (error) => isPlatformError(error, "disk-full"),
    )
  }
})
