import assert from "node:assert/strict"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { openInlineWorkshop } from "../../src/runners/archiver/inline-workshop.ts"
import { openThreadedWorkshop } from "../../src/runners/archiver/threaded-workshop.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { NodeDisk } from "../../src/std/node/disk.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { openLakeWorld, orderRows } from "../kit/lake-world.ts"

test("records come out of the thread as they do here, and its failures as what they are", async () => {
  const directory = await mkdtemp(join(tmpdir(), "workshop-"))
  const disk = new NodeDisk()
  const inline = openInlineWorkshop({ disk, random: new SeededRandom(1), contracts: [] })
  const threaded = openThreadedWorkshop([])
  try {
    await using world = await openLakeWorld({ disk, directory, isThreaded: true })
    await world.archiver.prepare()
    await world.append(0, orderRows(0, 300))
    // A key that is null, a value that is, and records behind a gap of offsets.
    await world.append(0, [{ key: null, value: orderRows(1, 2)[0]!.value }])
    await world.append(0, [{ key: "gone", value: null }])
    await world.archiver.archiveNow()
    const table = world.lake.table("order")
    const path = table.local(table.dataFiles()[0]!.path)
    const groups = await threaded.call("groups", path)
    assert.deepEqual(groups, await inline.call("groups", path))
    assert.equal(groups.length, 1)
    const found = await threaded.call("records", groups[0]!)
    assert.equal(found.count, 302)
    assert.equal(found.keyEnds[300], -1)
    assert.equal(found.valueEnds[301], -1)
    assert.deepEqual(found, await inline.call("records", groups[0]!))
    const missing = { ...groups[0]!, path: `${directory}/nothing.parquet` }
    const refused = threaded.call("records", missing)
    await assert.rejects(refused, (error) => isPlatformError(error, "file-missing"))
  } finally {
    await threaded[Symbol.asyncDispose]()
    await inline[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  }
})

test("when the thread ends, whoever waits is told, and the next call starts another", async () => {
  const workshop = openThreadedWorkshop([])
  await workshop.call("begin", { topic: "order", tables: [] })
  // A second pass beside the first is a mistake of the caller's, and nothing that could be answered.
  const calls = [workshop.call("begin", { topic: "order", tables: [] }), workshop.call("finish")]
  for (const call of calls)
    await assert.rejects(call, (error) => isPlatformError(error, "lake-thread-ended") && error.retry)
  await workshop.call("begin", { topic: "order", tables: [] })
  assert.deepEqual(await workshop.call("finish"), [])
  await workshop[Symbol.asyncDispose]()
  const late = workshop.call("finish")
  await assert.rejects(late, (error) => isPlatformError(error, "lake-thread-ended"))
})
