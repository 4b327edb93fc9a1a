import assert from "node:assert/strict"
import { test } from "node:test"
import { isPlatformError } from "../std/errors.ts"
import { SeededRandom } from "../std/random.ts"
import { SimClock } from "./sim-clock.ts"
import { SimCrash, SimDisk } from "./sim-disk.ts"

const OUTCOMES = 60

/** What one crash after `act` leaves of /a, over many seeds: contents as text, or "none". */
function outcomes(act: (disk: SimDisk) => void): Set<string> {
  const found = new Set<string>()
  for (let seed = 0; seed < OUTCOMES; seed++) {
    const disk = new SimDisk({ random: new SeededRandom(seed) })
    const file = disk.open("/a", { create: true })
    file.write(new Uint8Array(1024).fill(1), 0)
    file.sync()
    disk.syncDirectory("/")
    act(disk)
    disk.crash()
    found.add(disk.exists("/a") ? describe(disk.contents("/a")) : "none")
  }
  return found
}

/** One digit per sector: its first byte. */
function describe(bytes: Uint8Array): string {
  return Array.from({ length: Math.ceil(bytes.length / 512) }, (_, sector) => bytes[sector * 512]).join("")
}

const twos = (sizeBytes: number) => new Uint8Array(sizeBytes).fill(2)

test("a crash keeps any subset of the sectors that were not synced, and all that were", () => {
  assert.deepEqual(
    outcomes(() => {}),
    new Set(["11"]),
  )
  assert.deepEqual(
    outcomes((disk) => disk.open("/a").write(twos(1024), 0)),
    new Set(["11", "12", "21", "22"]),
  )
  const synced = outcomes((disk) => {
    disk.open("/a").write(twos(1024), 0)
    disk.open("/a").sync()
  })
  assert.deepEqual(synced, new Set(["22"]))
  assert.deepEqual(
    outcomes((disk) => disk.open("/a").write(twos(512), 1024)),
    new Set(["11", "110", "112"]),
  )
  assert.deepEqual(
    outcomes((disk) => disk.open("/a").truncate(512)),
    new Set(["1", "11", "10"]),
  )
})

test("names that were not synced may be lost, renames are whole", () => {
  assert.deepEqual(
    outcomes((disk) => disk.remove("/a")),
    new Set(["none", "11"]),
  )
  const renamed = outcomes((disk) => {
    const file = disk.open("/b", { create: true })
    file.write(twos(512), 0)
    file.sync()
    disk.rename("/b", "/a")
  })
  assert.deepEqual(renamed, new Set(["11", "2"]))
  const inLostFolder = outcomes((disk) => {
    disk.makeDirectory("/d")
    disk.open("/d/x", { create: true }).sync()
    disk.syncDirectory("/d")
    disk.remove("/a")
    disk.syncDirectory("/")
  })
  assert.deepEqual(inLostFolder, new Set(["none"]))
})

test("what a failed sync lost stays lost, though it reads well and a second sync succeeds", () => {
  const found = outcomes((disk) => {
    const file = disk.open("/a")
    file.write(twos(1024), 0)
    disk.failSyncs(1)
    assert.throws(
      () => file.sync(),
      (error) => isPlatformError(error, "disk-failed"),
    )
    file.sync()
    assert.equal(describe(disk.contents("/a")), "22")
  })
  assert.deepEqual(found, new Set(["11", "12", "21", "22"]))
})

test("a full disk refuses what needs space and takes what does not", () => {
  const disk = new SimDisk({ random: new SeededRandom(1) })
  const file = disk.open("/a", { create: true })
  file.write(twos(512), 0)
  disk.fillAfter(2)
  file.write(twos(512), 512)
  assert.throws(
    () => file.write(twos(512), 1024),
    (error) => isPlatformError(error, "disk-full"),
  )
  file.write(twos(512), 0)
  disk.heal()
  file.write(twos(512), 1024)
})

test("handles of a process that died are dead, and its files are all there", () => {
  const disk = new SimDisk({ random: new SeededRandom(1) })
  const file = disk.open("/a", { create: true })
  file.write(twos(512), 0)
  disk.kill()
  assert.throws(() => file.write(twos(1), 0), SimCrash)
  assert.equal(describe(disk.contents("/a")), "2")
})

test("simulated time runs what falls due, in order", () => {
  const clock = new SimClock(1000)
  const ran: string[] = []
  clock.after(20, () => ran.push(`b at ${clock.nowMs()}`))
  clock.after(10, () => {
    ran.push(`a at ${clock.nowMs()}`)
    clock.soon(() => ran.push(`soon at ${clock.nowMs()}`))
  })
  clock.after(15, () => ran.push("cancelled")).cancel()
  clock.pass(9)
  assert.deepEqual(ran, [])
  clock.pass(100)
  assert.deepEqual(ran, ["a at 1010", "soon at 1010", "b at 1020"])
  assert.equal(clock.nowMs(), 1109)
})
