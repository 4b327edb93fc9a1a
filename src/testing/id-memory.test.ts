/**
 * The rulings are those of a Map over the rows in the order in which they are taken, whatever was spilled,
 * dropped, read back or made again from the log.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { idsOf } from "../../test/kit/ids-of.ts"
import type { SavedIds } from "../runners/embedded/duplicates/id-memory.ts"
import { IdMemory } from "../runners/embedded/duplicates/id-memory.ts"
import type { IdMemoryParts } from "../runners/embedded/duplicates/limits.ts"
import { TINY_LIMITS } from "../runners/embedded/duplicates/tiny-limits.ts"
import { isPlatformError } from "../std/errors.ts"
import { SeededRandom } from "../std/random.ts"
import { SimDisk } from "./sim-disk.ts"

const WINDOW_MS = 4_000
const PARTITIONS = 3
const MOST_IDS = 160

interface Slice {
  readonly partition: number
  readonly baseOffset: number
  readonly appendTimeMs: number
  readonly names: readonly string[]
}

/** A log with one clock, which stands still or jumps; and the order in which epochs take its slices. */
class World {
  readonly random: SeededRandom
  readonly disk: SimDisk
  readonly parts: IdMemoryParts
  readonly log: Slice[][] = Array.from({ length: PARTITIONS }, () => [])
  readonly ends = new Array<number>(PARTITIONS).fill(0)
  /** Slices that were taken, by partition. */
  taken = new Array<number>(PARTITIONS).fill(0)
  #clockMs = 1_000_000

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.disk = new SimDisk({ random: this.random })
    this.disk.makeDirectory("/ids")
    this.disk.syncDirectory("/")
    this.parts = {
      disk: this.disk,
      directory: "/ids",
      event: "sale",
      windowMs: WINDOW_MS,
      limits: { ...TINY_LIMITS, sliceMs: 200 + this.random.below(3_000), slackMs: 0 },
    }
  }

  append(): void {
    const kind = this.random.below(8)
    // Some steps end a window to the millisecond, or one before.
    if (kind === 0) this.#clockMs += WINDOW_MS - this.random.below(2)
    else if (kind < 5) this.#clockMs += this.random.below(400)
    const partition = this.random.below(PARTITIONS)
    const names = Array.from({ length: 1 + this.random.below(12) }, () => `id-${this.random.below(MOST_IDS)}`)
    const baseOffset = this.ends[partition]!
    this.log[partition]!.push({ partition, baseOffset, appendTimeMs: this.#clockMs, names })
    this.ends[partition]! += names.length
  }

  /** What the next epoch takes: some slices of each partition, in the engine's order; a few stay behind. */
  cut(): Slice[] {
    return this.log.flatMap((slices, partition) => {
      const waiting = slices.length - this.taken[partition]!
      const count = this.random.below(4) === 0 ? this.random.below(waiting + 1) : waiting
      this.taken[partition]! += count
      return slices.slice(this.taken[partition]! - count, this.taken[partition])
    })
  }

  get behind(): ReadonlySet<number> {
    const partitions = this.log.map((_, partition) => partition)
    return new Set(partitions.filter((at) => this.taken[at]! < this.log[at]!.length))
  }
}

/** Newest append time by id. */
type Oracle = Map<string, number>

function expected(oracle: Oracle, { names, appendTimeMs }: Slice): number[] {
  return names.map((name) => {
    const seenMs = oracle.get(name)
    oracle.set(name, Math.max(appendTimeMs, seenMs ?? appendTimeMs))
    return seenMs !== undefined && appendTimeMs - seenMs < WINDOW_MS ? 1 : 0
  })
}

function rulings(memory: IdMemory, slice: Slice): number[] {
  const skip = memory.rule(idsOf(...slice.names), slice)
  return skip === null ? slice.names.map(() => 0) : [...skip]
}

/** As recovery does it: files, then the rows behind them. Files may be missed only where one was damaged. */
function recover(
  world: World,
  saved: SavedIds | null,
  taken: readonly number[],
  damaged: ReadonlySet<string> = new Set(),
  kept: readonly SavedIds[] = saved === null ? [] : [saved],
): IdMemory {
  let memory = new IdMemory(world.parts)
  let hasFiles = false
  try {
    if (saved !== null) memory.restore(saved, kept)
    hasFiles = saved !== null
  } catch (error) {
    const { segments, trails = [] } = saved!
    const names = [...segments.flatMap(({ runs }) => runs), ...trails].map(({ file }) => file)
    assert.ok(isPlatformError(error, "ids-damaged") || isPlatformError(error, "file-missing"), String(error))
    assert.ok(
      names.some((name) => damaged.has(`/ids/${name}`)),
      `${error.message}, which nobody has damaged`,
    )
    memory = new IdMemory(world.parts)
  }
  if (!hasFiles) memory.clear(kept)
  for (const [partition, slices] of world.log.entries()) {
    const from = hasFiles ? (memory.coveredUpTo(partition) ?? 0) : 0
    memory.startAt(partition, from)
    for (const slice of slices.slice(0, taken[partition])) {
      if (slice.baseOffset + slice.names.length > from) memory.rule(idsOf(...slice.names), slice)
    }
  }
  return memory
}

for (let seed = 0; seed < 40; seed++) {
  test(`rulings are those of a map, over restarts, seed ${seed}`, () => {
    const world = new World(seed)
    let memory = recover(world, null, world.taken)
    const oracle: Oracle = new Map()
    interface Checkpoint {
      readonly saved: SavedIds
      readonly taken: number[]
      readonly oracle: Oracle
    }
    let kept: Checkpoint | null = null
    let older: Checkpoint | null = null
    let [duplicates, restarts, reads] = [0, 0, 0]
    const damaged = new Set<string>()
    for (let epoch = 0; epoch < 250; epoch++) {
      for (let i = world.random.below(5); i > 0; i--) world.append()
      for (const slice of world.cut()) {
        const ruled = rulings(memory, slice)
        assert.deepEqual(ruled, expected(oracle, slice), `epoch ${epoch}, ${JSON.stringify(slice)}`)
        duplicates += ruled.reduce((sum, mark) => sum + mark, 0)
      }
      memory.endEpoch(world.behind)
      if (world.random.below(6) === 0) {
        const saved = JSON.parse(JSON.stringify(memory.save())) as SavedIds
        if (kept !== null) memory.release(kept.saved)
        older = kept
        kept = { saved, taken: [...world.taken], oracle: new Map(oracle) }
      }
      if (world.random.below(20) !== 0) continue
      restarts++
      reads += memory.figures.reads
      if (world.random.below(3) > 0) world.disk.crash()
      else world.disk.kill()
      const files = world.disk.files().filter((path) => /\.(run|trail)$/.test(path))
      const hit = files[world.random.below(4 * files.length + 1)]
      if (hit !== undefined) {
        world.disk.flip(hit, world.disk.contents(hit).length - 1, 1)
        damaged.add(hit)
      }
      const all = [kept, older].flatMap((one) => one?.saved ?? [])
      // Where the newest checkpoint is damaged, the one before has its files, too, however many starts later.
      if (older !== null && world.random.below(3) === 0) {
        kept = older
        older = null
      }
      // What came after the checkpoint is ruled on again.
      oracle.clear()
      for (const [id, timeMs] of kept?.oracle ?? []) oracle.set(id, timeMs)
      world.taken = kept === null ? world.taken.map(() => 0) : [...kept.taken]
      memory = recover(world, kept?.saved ?? null, world.taken, damaged, all)
    }
    assert.ok(duplicates > 100, `${duplicates} duplicates`)
    assert.ok(restarts > 0 && reads > 0, `${restarts} restarts, ${reads} reads`)
  })
}

test("what no row to come can be a copy of goes from disk once no checkpoint names it", () => {
  const world = new World(1)
  const memory = recover(world, null, world.taken)
  let offset = 0
  let saved = memory.save()
  for (let timeMs = 0; timeMs < 100_000; timeMs += 100) {
    memory.rule(idsOf(`a${timeMs}`, `b${timeMs}`), { partition: 0, baseOffset: offset, appendTimeMs: timeMs })
    offset += 2
    memory.endEpoch(new Set())
    if (timeMs % 1_000 !== 0) continue
    const next = memory.save()
    memory.release(saved)
    saved = next
  }
  const { ids, diskBytes } = memory.figures
  const files = world.disk.files().filter((path) => path.startsWith("/ids/"))
  assert.ok(ids >= 80 && ids < 250, `${ids} ids are remembered, 80 are in the window`)
  assert.ok(files.length < 40, `${files.length} files are there`)
  assert.ok(diskBytes > 0)
})

test("a partition that is behind keeps what its rows may be copies of", () => {
  const world = new World(2)
  const memory = recover(world, null, world.taken)
  const rule = (partition: number, baseOffset: number, appendTimeMs: number, ...names: string[]) =>
    memory.rule(idsOf(...names), { partition, baseOffset, appendTimeMs })
  rule(1, 0, 1_000, "x")
  for (let i = 0; i < 200; i++) {
    rule(0, i, 1_000 + 500 * i, `other-${i}`)
    memory.endEpoch(new Set([1]))
  }
  assert.deepEqual(rule(1, 1, 4_999, "x"), Uint8Array.of(1))
})

test("a damaged block is never ruled with, and its file is missed by the next start", () => {
  const world = new World(3)
  let memory = recover(world, null, world.taken)
  const names = Array.from({ length: 60 }, (_, i) => `id-${i}`)
  for (const [i, name] of names.entries()) {
    const slice = { partition: 0, baseOffset: i, appendTimeMs: 1_000, names: [name] }
    world.log[0]!.push(slice)
    rulings(memory, slice)
  }
  const saved = memory.save()
  for (const path of world.disk.files()) if (path.endsWith(".run")) world.disk.flip(path, 40, 4)
  const copy = (name: string) =>
    memory.rule(idsOf(name), { partition: 0, baseOffset: 60, appendTimeMs: 1_001 })
  assert.throws(() => names.map(copy), /ids-damaged|is damaged/)
  const runs = saved.segments.flatMap((segment) => segment.runs.map(({ file }) => `/ids/${file}`))
  memory = recover(world, saved, [names.length], new Set(runs))
  for (const name of names) assert.deepEqual(copy(name), Uint8Array.of(1))
})

test("a damaged filter is made again from its runs", () => {
  const world = new World(5)
  const memory = recover(world, null, world.taken)
  const names = Array.from({ length: 400 }, (_, i) => `id-${i}`)
  for (const [i, name] of names.entries()) {
    const slice = { partition: 0, baseOffset: i, appendTimeMs: 1_000, names: [name] }
    world.log[0]!.push(slice)
    rulings(memory, slice)
  }
  const saved = memory.save()
  const filters = saved.segments.flatMap(({ filter }) => (filter === null ? [] : [`/ids/${filter.file}`]))
  assert.ok(filters.length > 2, `${filters.length} filters`)
  for (const path of filters) world.disk.flip(path, 100, 4)
  const limits = { ...TINY_LIMITS, filterBytes: 1_000_000 }
  const again = new IdMemory({ ...world.parts, limits })
  again.restore(saved, [saved])
  for (const [partition, from] of saved.covered) {
    for (const slice of world.log[partition]!.slice(from)) rulings(again, slice)
  }
  for (const name of names) {
    const place = { partition: 0, baseOffset: 400, appendTimeMs: 1_001 }
    assert.deepEqual(again.rule(idsOf(name), place), Uint8Array.of(1))
  }
})

test("files of the same name with other ids are not taken for those of a checkpoint", () => {
  const world = new World(6)
  const fill = (prefix: string) => {
    const memory = recover(world, null, world.taken)
    for (let i = 0; i < 60; i++) {
      memory.rule(idsOf(`${prefix}-${i}`), { partition: 0, baseOffset: i, appendTimeMs: 1_000 })
    }
    return memory.save()
  }
  const saved = fill("first")
  const others = fill("other")
  // The names are another start's: what is told apart here are contents.
  const runs = {
    ...others,
    segments: saved.segments.map((segment, at) => ({
      ...segment,
      runs: segment.runs.map((run, i) => ({ ...run, file: others.segments[at]!.runs[i]!.file })),
    })),
  }
  const trails = {
    ...others,
    trails: saved.trails!.map((trail, i) => ({ ...trail, file: others.trails![i]!.file })),
  }
  assert.ok(runs.segments.length > 0 && trails.trails.length > 0)
  for (const mixed of [runs, trails]) {
    assert.throws(
      () => new IdMemory(world.parts).restore(mixed, [mixed]),
      (error) => isPlatformError(error, "ids-damaged"),
    )
  }
})

test("nothing is read from the log again, and a trail ends with its run", () => {
  const world = new World(7)
  const memory = recover(world, null, world.taken)
  const names = Array.from({ length: 50 }, (_, i) => `id-${i}`)
  const rule = (of: IdMemory, offset: number, name: string) =>
    of.rule(idsOf(name), { partition: 0, baseOffset: offset, appendTimeMs: 1_000 })
  for (const [i, name] of names.entries()) rule(memory, i, name)
  const saved = memory.save()
  const again = new IdMemory(world.parts)
  again.restore(saved, [saved])
  assert.equal(again.coveredUpTo(0), 50)
  for (const name of names) assert.deepEqual(rule(again, 50, name), Uint8Array.of(1), name)
  again.release(again.save())
  again.release(again.save())
  const trails = world.disk.files().filter((path) => path.endsWith(".trail"))
  assert.ok(trails.length <= 2, trails.join())
})

test("the same few ids again and again do not make a trail longer than its table allows", () => {
  const world = new World(8)
  const memory = recover(world, null, world.taken)
  for (let i = 0; i < 1_000; i++) {
    memory.rule(idsOf("a", "b"), { partition: 0, baseOffset: 2 * i, appendTimeMs: 1_000 })
    memory.endEpoch(new Set())
  }
  const { trails = [] } = memory.save()
  for (const { file, bytes } of trails) assert.ok(bytes <= 40 * 32, `${file} has ${bytes} bytes`)
})

test("a disk that fails stops the rulings", () => {
  const world = new World(4)
  const memory = recover(world, null, world.taken)
  world.disk.failSyncs(1)
  const rule = (i: number) =>
    memory.rule(idsOf(`id-${i}`), { partition: 0, baseOffset: i, appendTimeMs: 1_000 })
  assert.throws(
    () => Array.from({ length: 200 }, (_, i) => rule(i)),
    (error) => isPlatformError(error, "disk-failed"),
  )
})
