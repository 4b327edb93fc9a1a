/**
 * Checkpoints that share files of pages, backed up while they come and go: each backup restores on its own.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { STRING } from "../../src/columns/types.ts"
import { createEngine } from "../../src/engine/create-engine.ts"
import type { CheckpointPart } from "../../src/engine/engine-checkpoint.ts"
import { column, type Row, sliceOf } from "../../src/engine/kit/batches.ts"
import { aggregate, col } from "../../src/engine/kit/expressions.ts"
import { groupBy, source, view } from "../../src/engine/kit/harness.ts"
import { savedBytes } from "../../src/engine/kit/saved-bytes.ts"
import { openInlineLog } from "../../src/log/embedded/inline-log.ts"
import { copyBackup } from "../../src/platform/backup/copy-backup.ts"
import { restoreBackup } from "../../src/platform/backup/restore-backup.ts"
import { clearStaging, stage } from "../../src/platform/backup/stage.ts"
import { type CheckpointManifest, CheckpointStore } from "../../src/runners/embedded/checkpoint-store.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { SimClock } from "../../src/testing/sim-clock.ts"
import { SimDisk } from "../../src/testing/sim-disk.ts"
import { SimProcess } from "../../src/testing/sim-process.ts"

const EVENT = [column("key", STRING)]
const FOLDERS = { data: "/data", log: "log", checkpoints: "checkpoints", immutable: [] }
const MANIFEST: CheckpointManifest = {
  ...{ epoch: 0, history: 1, generation: "g", journalOffset: 0, logId: "l" },
  ...{ positions: {}, sources: {}, verdicts: {}, counters: {}, changelogs: {} },
}

function graph() {
  const groups = groupBy("events", { keys: [col(EVENT, "key")], aggregates: [aggregate("count", null)] })
  return [source(EVENT), groups, view("counts", "groups", groups.columns, [0])]
}

test("each backup has what its checkpoints share, and adds what was written since the last", async () => {
  const random = new SeededRandom(1)
  const clock = new SimClock()
  const disk = new SimDisk({ random, clock })
  disk.makeDirectory("/data")
  const { scheduler } = new SimProcess(disk, clock)
  await using log = openInlineLog({ disk, clock, scheduler, random, directory: "/data/log" })
  const store = new CheckpointStore(disk, "/data/checkpoints")
  const engine = createEngine(graph())
  const expected = new Map<number, string>()
  const newBytes: number[] = []
  for (let epoch = 1; epoch <= 10; epoch++) {
    const rows = Array.from({ length: epoch === 1 ? 3_000 : 20 }, (): Row => [`key ${random.below(3_000)}`])
    engine.runEpoch({ epoch, slices: [sliceOf("events", EVENT, rows)], watermarksUs: new Map() })
    using held = engine.checkpoint()
    expected.set(epoch, stateText(held.parts()))
    const writer = store.begin(held)
    for (const part of held.parts((page) => writer.isHeld(page))) writer.write(part)
    await writer.finish({ ...MANIFEST, epoch })
    if (epoch % 3 !== 0) continue
    const files = await stage(disk, log, FOLDERS)
    const request = {
      to: "/backups",
      files,
      takenAtMs: epoch * 1_000,
      project: "p",
      version: "v",
      keep: null,
    }
    newBytes.push(copyBackup(disk, { ...request, logId: "l" }).newBytes)
    clearStaging(disk, "/data")
  }
  const [first, ...later] = newBytes
  for (const bytes of later) assert.ok(bytes < first! / 3, newBytes.join())
  for (const [k, id] of ["19700101T000003Z", "19700101T000006Z", "19700101T000009Z"].entries()) {
    restoreBackup(disk, { from: "/backups", id, to: `/again${k}` })
    const restored = new CheckpointStore(disk, `/again${k}/checkpoints`)
    assert.deepEqual(
      restored.list().map(({ epoch }) => epoch),
      [3 * k + 3, 3 * k + 2],
    )
    for (const { epoch, path } of restored.list()) {
      const twin = createEngine(graph())
      twin.restore(restored.parts(path), {
        readPages: (targets) => restored.readPages(path, targets),
      })
      using held = twin.checkpoint()
      assert.ok(stateText(held.parts()) === expected.get(epoch), `backup ${id}, epoch ${epoch}`)
    }
  }
})

const stateText = (parts: Iterable<CheckpointPart>) => JSON.stringify(savedBytes(parts))
