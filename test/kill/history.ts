/**
 * Every record that a stopped platform has: the lake's (read-lake.ts), and the log's own bytes where the lake
 * ends. A gap is an error, as is a record that lake and log have differently.
 */
import { join } from "node:path"
import { openInlineLog } from "../../src/log/embedded/inline-log.ts"
import type { Log } from "../../src/log/log.ts"
import { readRecords } from "../../src/runners/embedded/history.ts"
import { NodeClock } from "../../src/std/node/clock.ts"
import { NodeDisk } from "../../src/std/node/disk.ts"
import { NodeRandom } from "../../src/std/node/random.ts"
import { NodeScheduler } from "../../src/std/node/scheduler.ts"
import { readLake, type Values } from "./read-lake.ts"

export interface HistoryRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly value: Buffer
}

/** How much came from where. */
export interface HistoryFigures {
  lakeTables: number
  lakeFiles: number
  lakeRecords: number
  /** Offsets that the log has deleted: only the lake has them. */
  deletedRecords: number
  /** In the log, and not in the lake. */
  tailRecords: number
  /** In both, and equal. */
  sharedRecords: number
}

/** Of each partition in the order of offsets. */
export async function readHistory(
  data: string,
  take: (record: HistoryRecord) => void,
): Promise<HistoryFigures> {
  const figures = {
    lakeTables: 0,
    lakeFiles: 0,
    lakeRecords: 0,
    deletedRecords: 0,
    tailRecords: 0,
    sharedRecords: 0,
  }
  await using log = openInlineLog({
    directory: join(data, "log"),
    disk: new NodeDisk(),
    clock: new NodeClock(),
    scheduler: new NodeScheduler(),
    random: new NodeRandom(),
  })
  const { topics: lake, ...counts } = await readLake(join(data, "lake"))
  Object.assign(figures, counts)
  for (const { name: topic, partitions } of log.topics().filter(({ name }) => lake.has(name))) {
    for (let partition = 0; partition < partitions; partition++) {
      const archived = lake.get(topic)?.get(partition) ?? new Map<number, Buffer>()
      const end = await addTail(log, { topic, partition }, archived, figures)
      for (let offset = 0; offset < end; offset++) {
        take({ topic, partition, offset, value: archived.get(offset)! })
      }
    }
  }
  return figures
}

/** Adds what only the log has. */
async function addTail(
  log: Log,
  place: { readonly topic: string; readonly partition: number },
  values: Values,
  figures: HistoryFigures,
): Promise<number> {
  const { topic, partition } = place
  const { begin, durableEnd } = await log.range(topic, partition)
  const archivedEnd = values.size
  // As many as there are, and none beyond: then 0 to the end is without a gap, for no offset is there twice.
  for (const offset of values.keys()) {
    if (offset >= archivedEnd) throw new Error(`the lake has a gap in ${topic}/${partition} before ${offset}`)
  }
  if (archivedEnd < begin || archivedEnd > durableEnd) {
    throw new Error(`${topic}/${partition}: lake up to ${archivedEnd}, log from ${begin} to ${durableEnd}`)
  }
  figures.deletedRecords += begin
  figures.tailRecords += durableEnd - archivedEnd
  for (let offset = begin; offset < durableEnd; ) {
    const read = await log.read({ topic, partition, offset, maxBytes: 8 * 1024 * 1024 })
    for (const { offset: at, value } of readRecords(read.batches)) {
      const archived = values.get(at)
      if (archived === undefined) values.set(at, Buffer.from(value!))
      else if (archived.equals(value!)) figures.sharedRecords++
      else throw new Error(`${topic}/${partition}/${at} is another record in the lake than in the log`)
    }
    offset = read.nextOffset
  }
  if (values.size !== durableEnd) throw new Error(`the log has a gap in ${topic}/${partition}`)
  return durableEnd
}
