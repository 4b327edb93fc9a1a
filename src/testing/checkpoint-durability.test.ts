import assert from "node:assert/strict"
import { test } from "node:test"
import { type CheckpointManifest, CheckpointStore } from "../runners/embedded/checkpoint-store.ts"
import { SeededRandom } from "../std/random.ts"
import { SimDisk } from "./sim-disk.ts"

const DIRECTORY = "/data/checkpoints"

test("a finished checkpoint is there after a power loss, the first one, too", async () => {
  for (let seed = 0; seed < 50; seed++) {
    const disk = new SimDisk({ random: new SeededRandom(seed) })
    disk.makeDirectory("/data")
    disk.syncDirectory("/")
    const manifest: CheckpointManifest = {
      history: 1,
      epoch: 3,
      generation: "g",
      journalOffset: 2,
      logId: "l",
      positions: {},
      sources: {},
      verdicts: {},
      counters: {},
      changelogs: {},
    }
    const writer = new CheckpointStore(disk, DIRECTORY).begin({ epoch: 3, generation: 0 })
    writer.write({ name: "state", bytes: Uint8Array.of(1, 2, 3) })
    await writer.finish(manifest)
    disk.crash()
    const store = new CheckpointStore(disk, DIRECTORY)
    const [newest] = store.list()
    assert.ok(newest !== undefined, `seed ${seed}: the checkpoint is gone`)
    assert.deepEqual(store.manifest(newest.path), manifest)
  }
})
