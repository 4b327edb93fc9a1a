/**
 * Checkpoints of a real engine on disk: what is kept comes back byte for byte, whatever was written before
 * it.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { INT32, STRING } from "../columns/types.ts"
import { createEngine } from "../engine/create-engine.ts"
import type { Engine, OperatorSpec } from "../engine/dataflow.ts"
import type { CheckpointPart, EngineCheckpoint } from "../engine/engine-checkpoint.ts"
import { Bag } from "../engine/kit/bag.ts"
import { column, type Row, rowsOf, sliceOf } from "../engine/kit/batches.ts"
import { aggregate, col } from "../engine/kit/expressions.ts"
import { groupBy, source, view } from "../engine/kit/harness.ts"
import { NaiveEngine } from "../engine/kit/naive-engine.ts"
import { savedBytes } from "../engine/kit/saved-bytes.ts"
import { type CheckpointManifest, CheckpointStore } from "../runners/embedded/checkpoint-store.ts"
import { isPlatformError } from "../std/errors.ts"
import { SeededRandom } from "../std/random.ts"
import { SimDisk } from "./sim-disk.ts"

const EVENT = [column("key", STRING), column("text", STRING), column("value", INT32)]
const DIRECTORY = "/data/checkpoints"
const MANIFEST: CheckpointManifest = {
  ...{ epoch: 0, history: 1, generation: "g", journalOffset: 0, logId: "l" },
  ...{ positions: {}, sources: {}, verdicts: {}, counters: {}, changelogs: {} },
}
/** So that there are several files in a checkpoint. */
const FILE_BYTES = 200_000

/** Groups that split, replace strings and go; a view; groups of the view's rows with multisets. */
function graph(): OperatorSpec[] {
  const groups = groupBy("events", {
    keys: [col(EVENT, "key")],
    aggregates: [aggregate("count", null), aggregate("max", col(EVENT, "text"))],
  })
  const again = groupBy("view first", {
    id: "again",
    keys: [col(groups.columns, "count0")],
    aggregates: [aggregate("count", null), aggregate("max", col(groups.columns, "key"))],
  })
  return [
    source(EVENT),
    groups,
    view("first", "groups", groups.columns, [0]),
    again,
    view("second", "again", again.columns, [0]),
  ]
}

class World {
  readonly disk: SimDisk
  readonly random: SeededRandom
  readonly naive = new NaiveEngine(graph())
  engine: Engine = createEngine(graph())
  store: CheckpointStore
  /** By epoch: every part as the engine had it, and the views' rows. */
  readonly expected = new Map<number, { parts: readonly CheckpointPart[]; rows: readonly string[] }>()
  #epoch = 0

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.disk = new SimDisk({ random: this.random })
    this.disk.makeDirectory("/data")
    this.store = this.#open()
  }

  #open(): CheckpointStore {
    return new CheckpointStore(this.disk, DIRECTORY, { fileBytes: FILE_BYTES })
  }

  runEpoch(rows: readonly Row[]): void {
    this.naive.runEpoch([{ source: "events", rows, skip: null }], new Map())
    const slices = [sliceOf("events", EVENT, rows)]
    this.engine.runEpoch({ epoch: ++this.#epoch, slices, watermarksUs: new Map() })
  }

  /** Many keys at first, then few of them, or none. */
  runRandomEpoch(): void {
    const { random } = this
    const count = this.#epoch === 0 ? 1_500 : [0, 3, 40, 200][random.below(4)]!
    const rows = Array.from({ length: count }, (): Row => {
      const text = "y".repeat(random.below(500) === 0 ? 30_000 : random.below(30))
      return [`key ${random.below(2_000)}`, text, 1]
    })
    this.runEpoch(rows)
  }

  remember(): EngineCheckpoint {
    const held = this.engine.checkpoint()
    const rows = ["first", "second"].flatMap((name) => this.naive.rows(name).lines())
    this.expected.set(held.epoch, { parts: [...held.parts()], rows })
    return held
  }

  /** Epochs run meanwhile; some attempts come to nothing. */
  async checkpoint(): Promise<void> {
    const { random } = this
    using held = this.remember()
    const writer = this.store.begin(held)
    const fails = random.below(4)
    try {
      for (const part of held.parts((page) => writer.isHeld(page))) {
        writer.write(part)
        if (random.below(20) > 0) continue
        await writer.flush()
        if (random.below(10) === 0) this.runRandomEpoch()
      }
      if (fails === 0) throw new Error("not this time")
      if (fails === 1) this.disk.failSyncs(1, random.below(5))
      await writer.finish({ ...MANIFEST, epoch: held.epoch })
    } catch {
      writer.abandon()
    }
    this.disk.heal()
  }

  restored(path: string): { readonly engine: Engine; readonly goOn: (store: CheckpointStore) => void } {
    const engine = createEngine(graph())
    let goOn: (store: CheckpointStore) => void = () => assert.fail("pages were read")
    engine.restore(this.store.parts(path), {
      readPages: (targets) => {
        const known = this.store.readPages(path, targets)
        goOn = (store) => store.goOn(known)
      },
    })
    return { engine, goOn }
  }

  /** Every checkpoint that is kept is what was captured, and what recomputing gives. */
  check(): void {
    for (const { epoch, path } of this.store.list()) {
      const { engine } = this.restored(path)
      const { parts, rows } = this.expected.get(epoch)!
      assert.ok(linesOf(engine).join("\n") === rows.join("\n"), `epoch ${epoch}: rows`)
      assertSameState(engine, parts)
    }
  }

  /** Goes on in another process from the newest checkpoint. */
  restart(): void {
    const [newest] = this.store.list()
    if (newest === undefined || newest.epoch !== this.engine.epoch) return
    const { engine, goOn } = this.restored(newest.path)
    this.engine = engine
    this.store = this.#open()
    goOn(this.store)
  }
}

function assertSameState(engine: Engine, parts: readonly CheckpointPart[]): void {
  using checkpoint = engine.checkpoint()
  const [found, expected] = [savedBytes(checkpoint.parts()), savedBytes(parts)]
  assert.deepEqual(
    found.map(([name]) => name),
    expected.map(([name]) => name),
  )
  for (const [k, [name, bytes]] of found.entries()) {
    assert.ok(bytes === expected[k]![1], `${name} of epoch ${checkpoint.epoch}`)
  }
}

function linesOf(engine: Engine): string[] {
  return ["first", "second"].flatMap((name) => {
    using snapshot = engine.snapshot(name)
    const rows = rowsOf(snapshot.select({ where: [], sort: [], offset: 0, limit: 1e9 }))
    const bag = new Bag()
    for (const row of rows) bag.add(row, 1)
    return bag.lines()
  })
}

test("kept checkpoints come back byte for byte, over failures and restarts", async () => {
  for (let seed = 0; seed < 2; seed++) {
    const world = new World(seed)
    for (let round = 0; round < 9; round++) {
      for (let epochs = 1 + world.random.below(3); epochs > 0; epochs--) world.runRandomEpoch()
      await world.checkpoint()
      world.check()
      if (world.random.below(4) === 0) world.restart()
    }
    assert.ok(world.store.list().length > 0, `seed ${seed}`)
  }
})

test("what did not change is not written again, and where little changed little is written", async () => {
  const world = new World(1)
  world.runEpoch(Array.from({ length: 4_000 }, (_, k): Row => [`key ${k}`, "text", 1]))
  const sizes: number[] = []
  for (const changes of [0, 1, 1, 0]) {
    if (changes > 0) world.runEpoch([["key 7", "text", 1]])
    const before = new Set(world.disk.list(DIRECTORY))
    using held = world.remember()
    const writer = world.store.begin(held)
    for (const part of held.parts((page) => writer.isHeld(page))) writer.write(part)
    await writer.finish({ ...MANIFEST, epoch: held.epoch })
    const added = world.disk.list(DIRECTORY).filter((name) => name.endsWith(".pages") && !before.has(name))
    sizes.push(added.reduce((sum, name) => sum + world.disk.contents(`${DIRECTORY}/${name}`).length, 0))
    world.check()
  }
  const [first, second, third, last] = sizes
  assert.ok(first! > 300_000, `all of it: ${first}`)
  // A row of each table has changed, in the view "second" and its groups several.
  assert.ok(second! < first! / 10 && third! < first! / 10, `a few blocks: ${second}, ${third}`)
  assert.equal(last, 0)
})

test("files stay within bounds while everything changes again and again", async () => {
  const world = new World(2)
  const ratios: number[] = []
  for (let round = 0; round < 25; round++) {
    const count = round === 0 ? 2_000 : round % 9 === 0 ? 700 : 50
    world.runEpoch(
      Array.from(
        { length: count },
        (_, k): Row => [`key ${world.random.below(round < 1 ? 1 : 2_000) + k}`, "", 1],
      ),
    )
    using held = world.remember()
    const writer = world.store.begin(held)
    let stateBytes = 0
    for (const part of held.parts()) {
      writer.write(part)
      if (part.page !== undefined) stateBytes += part.bytes.length
    }
    await writer.finish({ ...MANIFEST, epoch: held.epoch })
    const names = world.disk.list(DIRECTORY).filter((name) => name.endsWith(".pages"))
    const bytes = names.reduce((sum, name) => sum + world.disk.contents(`${DIRECTORY}/${name}`).length, 0)
    ratios.push(bytes / stateBytes)
  }
  world.check()
  // Twice the state for one checkpoint, and what the one before needs beside it.
  assert.ok(Math.max(...ratios) < 3.5, ratios.map((ratio) => ratio.toFixed(2)).join(" "))
})

test("damage at any byte of the pages, and a missing file, is found or is nobody's state", async () => {
  const world = new World(3)
  for (let round = 0; round < 4; round++) {
    world.runEpoch(Array.from({ length: 60 }, (_, k): Row => [`key ${k * (1 + (round % 2))}`, "t", 1]))
    using held = world.remember()
    const writer = world.store.begin(held)
    for (const part of held.parts((page) => writer.isHeld(page))) writer.write(part)
    await writer.finish({ ...MANIFEST, epoch: held.epoch })
  }
  const { path } = world.store.list()[0]!
  const read = (): "damaged" | "whole" => {
    try {
      const { engine } = world.restored(path)
      assertSameState(engine, world.expected.get(engine.epoch)!.parts)
      return "whole"
    } catch (error) {
      if (!isPlatformError(error, "checkpoint-corrupt")) throw error
      return "damaged"
    }
  }
  assert.equal(read(), "whole")
  const found = { damaged: 0, whole: 0 }
  const files = world.disk.list(DIRECTORY).filter((name) => name.endsWith(".pages"))
  assert.ok(files.length > 1, "the checkpoint has its pages in several files")
  for (const name of files) {
    const file = `${DIRECTORY}/${name}`
    for (let at = 0; at < world.disk.contents(file).length; at += 1 + world.random.below(1_500)) {
      world.disk.flip(file, at, 0x40)
      found[read()]++
      world.disk.flip(file, at, 0x40)
    }
  }
  assert.ok(found.damaged > 20, JSON.stringify(found))
  const needed = files.filter((name) => {
    world.disk.rename(`${DIRECTORY}/${name}`, "/data/elsewhere")
    const state = read()
    world.disk.rename("/data/elsewhere", `${DIRECTORY}/${name}`)
    return state === "damaged"
  })
  assert.ok(needed.length > 1, needed.join())
  world.disk.rename(`${DIRECTORY}/${needed[1]}`, `${DIRECTORY}/${needed[0]}`)
  assert.equal(read(), "damaged", "another file in its place")
})

test("a checkpoint of the format before is refused by its format", async () => {
  const world = new World(4)
  const writer = world.store.begin({ epoch: 5, generation: 0 })
  const meta = { format: 1, plan: "p", epoch: 5, watermarks: [] }
  writer.write({ name: "$engine/meta", bytes: Buffer.from(JSON.stringify(meta)) })
  writer.write({ name: "groups/pages/0", bytes: new Uint8Array(9_000) })
  await writer.finish({ ...MANIFEST, epoch: 5 })
  const { path } = world.store.list()[0]!
  assert.throws(() => world.restored(path), { code: "checkpoint-mismatch" })
})
