/** A folder of backups on a disk that stops anywhere: a backup is there whole, or not there. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { BackupFolder } from "../../src/platform/backup/backup-folder.ts"
import { type CopyRequest, copyBackup } from "../../src/platform/backup/copy-backup.ts"
import { restoreBackup } from "../../src/platform/backup/restore-backup.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { SimCrash, SimDisk } from "../../src/testing/sim-disk.ts"

const CONTENTS: Readonly<Record<string, string>> = {
  "log/t/0/0.log": "a".repeat(3_000),
  "log/+topics": "topics",
  "checkpoints/1": "",
}

function put(disk: SimDisk, path: string, text: string): void {
  disk.makeDirectory(path.slice(0, path.lastIndexOf("/")))
  const file = disk.open(path, { create: true })
  file.truncate(0)
  file.write(Buffer.from(text), 0)
  file.sync()
}

function request(disk: SimDisk, round: number): CopyRequest {
  const files = Object.entries(CONTENTS).map(([path, text]) => {
    const bytes = text + (path.endsWith(".log") ? `round ${round}` : "")
    put(disk, `/data/${path}`, bytes)
    return { path, source: `/data/${path}`, sizeBytes: bytes.length }
  })
  return { to: "/backups", files, takenAtMs: round, project: "p", version: "v", logId: "l", keep: 2 }
}

function textOf(disk: SimDisk, path: string): string {
  return Buffer.from(disk.contents(path)).toString()
}

/** Restores every backup that is there and compares it with what was backed up; returns their times. */
function restoreAll(disk: SimDisk): readonly number[] {
  if (!disk.exists("/backups/millrace-backups.json")) return []
  const folder = BackupFolder.existing(disk, "/backups")
  return folder.ids().map((id) => {
    const { backup } = restoreBackup(disk, { from: "/backups", id, to: `/again/${id}` })
    for (const [path, text] of Object.entries(CONTENTS)) {
      const end = path.endsWith(".log") ? `round ${backup.takenAtMs}` : ""
      assert.equal(textOf(disk, `/again/${id}/${path}`), text + end)
    }
    disk.removeTree("/again")
    return backup.takenAtMs
  })
}

test("a machine that stops at any step leaves whole backups, and the next one succeeds", () => {
  for (let step = 1; ; step++) {
    const disk = new SimDisk({ random: new SeededRandom(step) })
    disk.makeDirectory("/again")
    copyBackup(disk, request(disk, 1))
    copyBackup(disk, request(disk, 2))
    const third = request(disk, 3)
    disk.crashAfter(step)
    let finished = false
    try {
      copyBackup(disk, third)
      finished = true
    } catch (error) {
      if (!(error instanceof SimCrash)) throw error
    }
    disk.crash()
    const times = restoreAll(disk)
    assert.ok(times.includes(2), `step ${step}: the second one stays`)
    copyBackup(disk, request(disk, 4))
    assert.ok(restoreAll(disk).includes(4))
    if (finished) {
      assert.deepEqual(times, [2, 3])
      assert.ok(step > 10, "there were steps to stop at")
      return
    }
  }
})

test("a restore that is interrupted leaves no data directory, and a second one succeeds", () => {
  for (let step = 1; ; step++) {
    const disk = new SimDisk({ random: new SeededRandom(step) })
    copyBackup(disk, request(disk, 1))
    disk.crashAfter(step)
    let finished = false
    try {
      restoreBackup(disk, { from: "/backups", id: null, to: "/data2" })
      finished = true
    } catch (error) {
      if (!(error instanceof SimCrash)) throw error
    }
    disk.crash()
    if (disk.exists("/data2")) {
      for (const [path, text] of Object.entries(CONTENTS)) {
        assert.ok(textOf(disk, `/data2/${path}`).startsWith(text), `step ${step}: ${path} is whole`)
      }
    } else restoreBackup(disk, { from: "/backups", id: null, to: "/data2" })
    if (finished) {
      assert.ok(step > 5, "there were steps to stop at")
      return
    }
  }
})
