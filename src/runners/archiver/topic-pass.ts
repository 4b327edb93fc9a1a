/**
 * One pass over a topic: what its partitions have beyond the lake becomes data files, then commits.
 *
 *   read ranges ──▶ workshop: files of each (table, day), durable and read back
 *                     ──▶ commit tables ──▶ read back ──▶ move the hold
 *
 * Each table knows on its own what it has, so a crash between two commits repeats only what one of them
 * lacks. Tables that this pass made commit first: until then the others still ask for the range.
 */
import type { Column } from "../../columns/types.ts"
import type { EventContract } from "../../contracts/contract.ts"
import type { Log, TopicInfo } from "../../log/log.ts"
import type { Offsets } from "../../stores/lake/archived-offsets.ts"
import type { Lake } from "../../stores/lake/lake.ts"
import type { LakeTable } from "../../stores/lake/lake-table.ts"
import { readBack } from "./read-back.ts"
import type { LogRead, PassFiles, PassTable, Workshop } from "./workshop.ts"

export const ARCHIVER = "archiver"
/** One read of the log. */
const READ_BYTES = 4 * 1024 * 1024
const NOTHING = { files: [], undecoded: 0 }
/** What one pass takes from the log before it commits: a crash repeats no more. */
const PASS_BYTES = 256 * 1024 * 1024
export interface TopicPassParts {
  readonly log: Log
  readonly lake: Lake
  readonly workshop: Workshop
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
  readonly had: Offsets
}

export class TopicPass {
  readonly #parts: TopicPassParts
  readonly #topic: TopicInfo
  readonly #tables = new Map<string, OpenTable>()
  readonly #reached: number[] = []
  readonly #begins: number[] = []
  #isBegun = false
  #bytes = 0
  /** What the workshop wrote, until it is committed. */
  #files: readonly PassFiles[] = []

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
      if (this.#isBegun) this.#files = await this.#parts.workshop.call("finish")
      const rows = this.#files.reduce((sum, table) => sum + table.rows, 0)
      if (rows > 0 || this.#isFirst()) await this.#commit()
      return { rows, bytes: this.#bytes, isComplete }
    } catch (error) {
      await this.#undo()
      throw error
    }
  }

  async #readPartition(partition: number): Promise<boolean> {
    const { log, workshop, report } = this.#parts
    const topic = this.#topic.name
    const { begin, durableEnd } = await log.range(topic, partition)
    const from = Math.min(
      ...[...this.#tables.values()].map(({ had }) => had.get(topic)?.[partition] ?? begin),
    )
    if (from < begin) {
      const gap = `${topic}/${partition} offsets ${from} to ${begin - 1}`
      report(`The log deleted ${gap} while nothing held them: the lake does not have them.`)
    }
    this.#begins[partition] = begin
    let offset = Math.max(from, begin)
    while (offset < durableEnd && this.#bytes < PASS_BYTES) {
      const { batches, nextOffset } = await log.read({ topic, partition, offset, maxBytes: READ_BYTES })
      this.#bytes += batches.length
      await this.#encode({ partition, fromOffset: offset, untilOffset: durableEnd, batches })
      if (nextOffset <= offset) break
      offset = Math.min(nextOffset, durableEnd)
    }
    this.#reached[partition] = offset
    if (this.#isBegun) await workshop.call("endPartition")
    return offset >= durableEnd
  }

  async #encode(read: LogRead): Promise<void> {
    const { workshop } = this.#parts
    if (!this.#isBegun) {
      const tables = [...this.#tables.values()].map((table) => this.#targetOf(table))
      await workshop.call("begin", { topic: this.#topic.name, tables })
      this.#isBegun = true
    }
    let missing = await workshop.call("add", read)
    while (missing !== null) missing = await workshop.call("resume", this.#targetOf(this.#openTable(missing)))
  }

  #openTable(name: string): OpenTable {
    const { lake, contracts } = this.#parts
    const contract = contracts.get(name) ?? null
    const isNew = (lake.find(name)?.snapshot ?? null) === null
    const table = contract === null ? lake.ensureRaw(name) : lake.ensure(name, columnsOf(contract))
    const opened = { table, isNew, had: table.offsets }
    this.#tables.set(name, opened)
    return opened
  }

  #targetOf({ table, had }: OpenTable): PassTable {
    const { name, directory, schema } = table
    return { name, directory, schema, had: had.get(this.#topic.name) ?? [] }
  }

  /** A table without a snapshot does not say yet where its history begins. */
  #isFirst(): boolean {
    return [...this.#tables.values()].some(({ table }) => !table.offsets.has(this.#topic.name))
  }

  async #commit(): Promise<void> {
    const { lake, log } = this.#parts
    const topic = this.#topic.name
    const written = new Map(this.#files.map((files) => [files.table, files]))
    const newFirst = [...this.#tables].sort(([, a], [, b]) => Number(b.isNew) - Number(a.isNew))
    for (const [name, { table, had }] of newFirst) {
      const { files, undecoded } = written.get(name) ?? NOTHING
      const offsets = new Map(had).set(topic, higher(had.get(topic), this.#reached))
      const begins = new Map(table.begins)
      if (!begins.has(topic)) begins.set(topic, this.#begins)
      readBack(lake, name, table.append(files, offsets, begins), files)
      if (undecoded > 0) {
        this.#parts.report(
          `${undecoded} records of ${name} do not fit its contract: only their bytes are kept.`,
        )
      }
    }
    for (const [partition, offset] of this.#reached.entries())
      await log.hold(ARCHIVER, topic, partition, offset)
  }

  /** Nothing of the pass counts; its files go, since a full disk needs their space. */
  async #undo(): Promise<void> {
    const { lake, report, workshop } = this.#parts
    const attempt = async (name: string, undo: () => void | Promise<void>) => {
      try {
        await undo()
      } catch (error) {
        report(`What a failed pass of ${name} left in the lake goes at the next start: ${String(error)}`)
      }
    }
    if (this.#isBegun) await attempt(this.#topic.name, () => workshop.call("abandon"))
    for (const name of this.#tables.keys()) {
      await attempt(name, () => {
        const table = lake.reopen(name)
        const referenced = table?.referencedFiles() ?? new Set()
        const files = this.#files.find((one) => one.table === name)?.files ?? []
        for (const { path } of files) if (!referenced.has(path)) table?.disk.remove(path)
      })
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
