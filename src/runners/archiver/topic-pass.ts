/**
 * One pass over a topic: what its partitions have beyond the lake becomes data files, then commits.
 *
 *   read ranges ──▶ files of each (table, day) ──▶ sync ──▶ commit tables ──▶ read back ──▶ move the hold
 *
 * Each table knows on its own what it has, so a crash between two commits repeats only what one of them
 * lacks. Tables that this pass made commit first: until then the others still ask for the range.
 */
import type { Column } from "../../columns/types.ts"
import type { EventContract } from "../../contracts/contract.ts"
import type { Log, TopicInfo } from "../../log/log.ts"
import type { Offsets } from "../../stores/lake/archived-offsets.ts"
import type { Lake } from "../../stores/lake/lake.ts"
import type { LakeTable, NewDataFile, OpenDataFile } from "../../stores/lake/lake-table.ts"
import { dayOf } from "../../stores/lake/partition-spec.ts"
import { RecordColumns } from "../../wire/kafka/record-columns.ts"
import { readBack } from "./read-back.ts"
import { RecordRows, type RecordRun, runsOf } from "./record-rows.ts"

export const ARCHIVER = "archiver"
/** One read of the log. */
const READ_BYTES = 4 * 1024 * 1024
/** Where a file is closed: large enough for readers of much, small enough to be written again. */
const FILE_BYTES = 128 * 1024 * 1024
/** What one pass takes from the log before it commits: a crash repeats no more. */
const PASS_BYTES = 256 * 1024 * 1024
/** A folder's name; anything else that a record calls its event is kept in the topic's own table. */
const TABLE_NAME = /^[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,249}$/

export interface TopicPassParts {
  readonly log: Log
  readonly lake: Lake
  readonly contracts: ReadonlyMap<string, EventContract>
  readonly report: (message: string) => void
}

export interface PassResult {
  readonly rows: number
  readonly bytes: number
  /** False when the topic has more than one pass takes. */
  readonly isComplete: boolean
}

interface OpenTable {
  readonly table: LakeTable
  readonly isNew: boolean
  readonly rows: RecordRows
  readonly had: Offsets
  /** By day. */
  readonly open: Map<number, OpenDataFile>
  readonly finished: NewDataFile[]
}

export class TopicPass {
  readonly #parts: TopicPassParts
  readonly #topic: TopicInfo
  readonly #tables = new Map<string, OpenTable>()
  readonly #reached: number[] = []
  readonly #begins: number[] = []
  #rows = 0
  #bytes = 0

  constructor(parts: TopicPassParts, topic: TopicInfo) {
    this.#parts = parts
    this.#topic = topic
  }

  /** @throws PlatformError of disk and log; the tables are then as the disk has them. */
  async run(): Promise<PassResult> {
    try {
      for (const name of tablesOf(this.#parts, this.#topic.name)) this.#openTable(name)
      let isComplete = true
      for (let partition = 0; partition < this.#topic.partitions; partition++) {
        isComplete = (await this.#readPartition(partition)) && isComplete
      }
      if (this.#rows > 0 || this.#isFirst()) await this.#commit()
      return { rows: this.#rows, bytes: this.#bytes, isComplete }
    } catch (error) {
      this.#undo()
      throw error
    }
  }

  async #readPartition(partition: number): Promise<boolean> {
    const { log } = this.#parts
    const topic = this.#topic.name
    const { begin, durableEnd } = await log.range(topic, partition)
    const from = Math.min(
      ...[...this.#tables.values()].map(({ had }) => had.get(topic)?.[partition] ?? begin),
    )
    if (from < begin) {
      const gap = `${topic}/${partition} offsets ${from} to ${begin - 1}`
      this.#parts.report(`The log deleted ${gap} while nothing held them: the lake does not have them.`)
    }
    this.#begins[partition] = begin
    let offset = Math.max(from, begin)
    const records = new RecordColumns()
    while (offset < durableEnd && this.#bytes < PASS_BYTES) {
      const read = await log.read({ topic, partition, offset, maxBytes: READ_BYTES })
      for (let at = 0; at < read.batches.length; ) {
        at = records.read(read.batches, at)
        if (records.isControl) continue
        for (const run of runsOf(records, offset, durableEnd)) await this.#take(partition, records, run)
      }
      this.#bytes += read.batches.length
      if (read.nextOffset <= offset) break
      offset = Math.min(read.nextOffset, durableEnd)
    }
    this.#reached[partition] = offset
    for (const { open } of this.#tables.values()) {
      for (const file of open.values()) file.writer.endGroup()
    }
    return offset >= durableEnd
  }

  async #take(partition: number, records: RecordColumns, run: RecordRun): Promise<void> {
    const topic = this.#topic.name
    const name = run.event !== null && TABLE_NAME.test(run.event) ? run.event : topic
    const table = this.#tables.get(name) ?? this.#openTable(name)
    const offsetOf = (record: number) => records.baseOffset + records.offsetDeltas[record]!
    const had = table.had.get(topic)?.[partition] ?? 0
    let skipped = 0
    while (skipped < run.count && offsetOf(run.first + skipped) < had) skipped++
    if (skipped === run.count) return
    const rest = { ...run, first: run.first + skipped, count: run.count - skipped }
    const day = dayOf(records.timestampsMs[rest.first]!)
    let file = table.open.get(day)
    if (file === undefined) {
      file = table.table.createFile(day)
      table.open.set(day, file)
    }
    file.writer.append(table.rows.of({ topic, partition }, records, rest))
    this.#rows += rest.count
    if (file.writer.sizeBytes < FILE_BYTES) return
    table.open.delete(day)
    table.finished.push(await file.finish())
  }

  #openTable(name: string): OpenTable {
    const { lake, contracts } = this.#parts
    const contract = contracts.get(name) ?? null
    const isNew = (lake.find(name)?.snapshot ?? null) === null
    const table = contract === null ? lake.ensureRaw(name) : lake.ensure(name, columnsOf(contract))
    const rows = new RecordRows(contract)
    const opened = { table, isNew, rows, had: table.offsets, open: new Map(), finished: [] }
    this.#tables.set(name, opened)
    return opened
  }

  /** A table without a snapshot does not say yet where its history begins. */
  #isFirst(): boolean {
    return [...this.#tables.values()].some(({ table }) => !table.offsets.has(this.#topic.name))
  }

  async #commit(): Promise<void> {
    const { lake, log } = this.#parts
    const topic = this.#topic.name
    for (const { open, finished } of this.#tables.values()) {
      for (const [day, file] of [...open]) {
        open.delete(day)
        finished.push(await file.finish())
      }
    }
    const newFirst = [...this.#tables].sort(([, a], [, b]) => Number(b.isNew) - Number(a.isNew))
    for (const [name, { table, had, finished, rows }] of newFirst) {
      const offsets = new Map(had).set(topic, higher(had.get(topic), this.#reached))
      const begins = new Map(table.begins)
      if (!begins.has(topic)) begins.set(topic, this.#begins)
      const snapshot = table.append(finished, offsets, begins)
      await readBack(lake, name, snapshot, finished)
      if (rows.undecoded > 0) {
        this.#parts.report(
          `${rows.undecoded} records of ${name} do not fit its contract: only their bytes are kept.`,
        )
      }
    }
    for (const [partition, offset] of this.#reached.entries())
      await log.hold(ARCHIVER, topic, partition, offset)
  }

  /** Nothing of the pass counts; its files go, since a full disk needs their space. */
  #undo(): void {
    const { lake, report } = this.#parts
    for (const [name, { open, finished }] of this.#tables) {
      try {
        for (const file of open.values()) file.abandon()
        const table = lake.reopen(name)
        const referenced = table?.referencedFiles() ?? new Set()
        for (const { path } of finished) if (!referenced.has(path)) table?.disk.remove(path)
      } catch (error) {
        report(`What a failed pass of ${name} left in the lake goes at the next start: ${String(error)}`)
      }
    }
  }
}

/** Tables that have, or are to have, records of the topic; the topic's own where no contract has one. */
export function tablesOf(
  { lake, contracts }: Pick<TopicPassParts, "lake" | "contracts">,
  topic: string,
): string[] {
  const declared = [...contracts.values()]
    .filter((contract) => contract.topic === topic)
    .map(({ name }) => name)
  const existing = lake
    .tables()
    .filter(({ offsets }) => offsets.has(topic))
    .map(({ name }) => name)
  const names = new Set([...declared, ...existing])
  if (names.size === 0) names.add(topic)
  return [...names]
}

export function columnsOf({ fields }: EventContract): readonly Column[] {
  return fields.map(({ name, type, nullable }) => ({ name, type, nullable }))
}

function higher(had: readonly number[] = [], reached: readonly number[]): number[] {
  return reached.map((offset, partition) => Math.max(offset, had[partition] ?? 0))
}
