/**
 * Reads of the log into data files of each (table, day). A table that it was not told of stops it in the
 * middle of a read; it goes on there when it is told.
 */
import type { DataFileWriter } from "../../stores/lake/data-file.ts"
import type { DataFile } from "../../stores/lake/manifest.ts"
import { dayOf } from "../../stores/lake/partition-spec.ts"
import { RecordColumns } from "../../wire/kafka/record-columns.ts"
import { type RecordRun, runsOf } from "./record-rows.ts"
import type { LogRead, PassFiles, PassStart, PassTable, WorkshopTools } from "./workshop.ts"

/** Where a file is closed: large enough for readers of much, small enough to be written again. */
const FILE_BYTES = 128 * 1024 * 1024
/** A folder's name; anything else that a record calls its event is kept in the topic's own table. */
const TABLE_NAME = /^[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,249}$/

interface OpenTable {
  readonly target: PassTable
  /** By day. */
  readonly open: Map<number, DataFileWriter>
  readonly finished: DataFile[]
  rows: number
  undecoded: number
}

export class PassEncoder {
  readonly #tools: WorkshopTools
  readonly #topic: string
  readonly #tables = new Map<string, OpenTable>()
  readonly #records = new RecordColumns()
  #work: Generator<string> | null = null

  constructor(tools: WorkshopTools, { topic, tables }: PassStart) {
    this.#tools = tools
    this.#topic = topic
    for (const table of tables) this.#know(table)
  }

  add(read: LogRead): string | null {
    this.#work = this.#takeAll(read)
    return this.#next()
  }

  resume(table: PassTable): string | null {
    this.#know(table)
    return this.#next()
  }

  endPartition(): void {
    for (const { open } of this.#tables.values()) for (const file of open.values()) file.endGroup()
  }

  finish(): PassFiles[] {
    return [...this.#tables].map(([table, { open, finished, rows, undecoded }]) => {
      for (const [day, file] of [...open]) {
        finished.push(file.finish())
        open.delete(day)
      }
      return { table, files: finished, rows, undecoded }
    })
  }

  /** Its files go, since a full disk needs their space. */
  abandon(): void {
    for (const { target, open, finished } of this.#tables.values()) {
      for (const file of open.values()) file.abandon()
      for (const { path } of finished) this.#tools.disk.remove(path)
      open.clear()
      finished.length = 0
      this.#tables.delete(target.name)
    }
  }

  #know(target: PassTable): void {
    this.#tables.set(target.name, { target, open: new Map(), finished: [], rows: 0, undecoded: 0 })
  }

  #next(): string | null {
    const step = this.#work!.next()
    return step.done === true ? null : step.value
  }

  /** Yields the name of a table that it has to know. */
  *#takeAll({ partition, fromOffset, untilOffset, batches }: LogRead): Generator<string> {
    const records = this.#records
    for (let at = 0; at < batches.length; ) {
      at = records.read(batches, at)
      if (records.isControl) continue
      for (const run of runsOf(records, fromOffset, untilOffset)) {
        const name = run.event !== null && TABLE_NAME.test(run.event) ? run.event : this.#topic
        if (!this.#tables.has(name)) yield name
        this.#take(this.#tables.get(name)!, partition, run)
      }
    }
  }

  #take(table: OpenTable, partition: number, run: RecordRun): void {
    const records = this.#records
    const { target, open, finished } = table
    const had = target.had[partition] ?? 0
    let skipped = 0
    while (skipped < run.count && records.baseOffset + records.offsetDeltas[run.first + skipped]! < had)
      skipped++
    if (skipped === run.count) return
    const rest = { ...run, first: run.first + skipped, count: run.count - skipped }
    const day = dayOf(records.timestampsMs[rest.first]!)
    let file = open.get(day)
    if (file === undefined) {
      file = this.#tools.openFile(target, day)
      open.set(day, file)
    }
    const { batch, undecoded } = this.#tools
      .rowsOf(target.name)
      .of({ topic: this.#topic, partition }, records, rest)
    file.append(batch)
    table.rows += rest.count
    table.undecoded += undecoded
    if (file.sizeBytes < FILE_BYTES) return
    finished.push(file.finish())
    open.delete(day)
  }
}
