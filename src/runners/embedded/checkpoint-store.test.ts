import assert from "node:assert/strict"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import type { CheckpointPart } from "../../engine/engine-checkpoint.ts"
import { isPlatformError } from "../../std/errors.ts"
import { NodeDisk } from "../../std/node/disk.ts"
import { type CheckpointManifest, CheckpointStore } from "./checkpoint-store.ts"

const MANIFEST: CheckpointManifest = {
  epoch: 7,
  history: 1,
  generation: "g",
  journalOffset: 3,
  logId: "l",
  positions: { t: [1, 2] },
  sources: {},
  verdicts: {},
  counters: {},
  changelogs: {},
}
const PARTS: readonly CheckpointPart[] = [
  { name: "a/table", bytes: Buffer.from("state of a") },
  { name: "b/table", bytes: new Uint8Array(0) },
]

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "millrace-checkpoint-"))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

async function write(store: CheckpointStore, epoch: number): Promise<void> {
  const writer = store.begin({ epoch, generation: 0 })
  for (const part of PARTS) writer.write(part)
  await writer.finish({ ...MANIFEST, epoch })
}

test("a checkpoint comes back part by part, newest first, and the two newest are kept", async (t) => {
  const store = new CheckpointStore(new NodeDisk(), directoryOf(t))
  for (const epoch of [7, 12, 100]) await write(store, epoch)
  assert.deepEqual(
    store.list().map(({ epoch }) => epoch),
    [100, 12],
  )
  const { path } = store.list()[0]!
  assert.deepEqual(store.manifest(path), { ...MANIFEST, epoch: 100 })
  const found = [...store.parts(path)].map(({ name, bytes }) => [name, Buffer.from(bytes).toString()])
  assert.deepEqual(found, [
    ["a/table", "state of a"],
    ["b/table", ""],
  ])
})

test("one that was not finished does not count, and is swept away", (t) => {
  const directory = directoryOf(t)
  const store = new CheckpointStore(new NodeDisk(), directory)
  store.begin({ epoch: 9, generation: 0 }).write(PARTS[0]!)
  assert.deepEqual(store.list(), [])
  assert.equal(readdirSync(directory).length, 1)
  new CheckpointStore(new NodeDisk(), directory)
  assert.deepEqual(readdirSync(directory), [])
})

test("damage at any byte is found, never read as state", async (t) => {
  const directory = directoryOf(t)
  const store = new CheckpointStore(new NodeDisk(), directory)
  await write(store, 7)
  const { path } = store.list()[0]!
  const whole = readFileSync(path)
  const damaged = [
    ...Array.from(whole.keys(), (position) => {
      const copy = Buffer.from(whole)
      copy[position]! ^= 0x40
      return copy
    }),
    ...Array.from(whole.keys(), (length) => whole.subarray(0, length)),
  ]
  for (const [index, bytes] of damaged.entries()) {
    writeFileSync(path, bytes)
    const read = () => [store.manifest(path), ...store.parts(path)]
    assert.throws(read, (error) => isPlatformError(error, "checkpoint-corrupt"), `damage ${index}`)
  }
})
