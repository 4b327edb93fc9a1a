/**
 * What of the lake takes time: records of the log into data files, small files into large ones, old records
 * out again. It knows files and no commits, so it may run in a thread of its own (threaded-workshop.ts) or in
 * the caller's, step by step in the one seeded loop (inline-workshop.ts).
 *
 *   begin ─▶ add a read of the log … ─▶ endPartition ─▶ … ─▶ finish: files, durable and read back
 */
import { type AcceptedRows, contractOfAccepted } from "../../contracts/accepted-rows.ts"
import { assert } from "../../std/assert.ts"
import type { Disk } from "../../std/disk.ts"
import type { Random } from "../../std/random.ts"
import { DataFileWriter } from "../../stores/lake/data-file.ts"
import {
  type GroupRange,
  type GroupReader,
  readGroup,
  readGroups,
} from "../../stores/lake/data-file-reader.ts"
import type { IcebergSchema } from "../../stores/lake/iceberg-schema.ts"
import type { DataFile } from "../../stores/lake/manifest.ts"
import type { RecordSlab } from "../../stores/lake/record-slab.ts"
import { Compaction, type CompactionStart } from "./compaction.ts"
import { PassEncoder } from "./pass-encoder.ts"
import { RecordRows } from "./record-rows.ts"

/** A table to write files of. */
export interface TableTarget {
  readonly name: string
  /** Absolute. */
  readonly directory: string
  readonly schema: IcebergSchema
}

/** A table of a pass, with what it has of the topic already: next offset by partition. */
export interface PassTable extends TableTarget {
  readonly had: readonly number[]
}

export interface PassStart {
  readonly topic: string
  readonly tables: readonly PassTable[]
}

/** A read of the log; its offsets from `fromOffset` up to `untilOffset` count. */
export interface LogRead {
  readonly partition: number
  readonly fromOffset: number
  readonly untilOffset: number
  readonly batches: Uint8Array
}

export interface PassFiles {
  readonly table: string
  readonly files: readonly DataFile[]
  readonly rows: number
  /** Rows that do not fit the contract: only their bytes are in the files. */
  readonly undecoded: number
}

/** Its calls and their answers; either home offers them as promises. */
export interface WorkshopCalls {
  begin(start: PassStart): void
  /** The table that the pass has to be told first, with `resume`; null when all of it was taken. */
  add(read: LogRead): string | null
  resume(table: PassTable): string | null
  /** What follows is of another partition. */
  endPartition(): void
  finish(): readonly PassFiles[]
  /** Ends whatever was begun; its files go. */
  abandon(): void
  beginCompaction(start: CompactionStart): void
  /** One row group more; the files when it was the last. */
  compact(): Promise<readonly DataFile[] | null>
  groups(path: string): readonly GroupRange[]
  records(group: GroupRange): Promise<RecordSlab>
}

export type WorkshopCallName = keyof WorkshopCalls
export type WorkshopAnswerOf<Name extends WorkshopCallName> = Awaited<ReturnType<WorkshopCalls[Name]>>

export interface Workshop extends AsyncDisposable {
  /** @throws PlatformError of the disk, lake-file-corrupt; lake-thread-ended */
  call<Name extends WorkshopCallName>(
    name: Name,
    ...parameters: Parameters<WorkshopCalls[Name]>
  ): Promise<WorkshopAnswerOf<Name>>
}

/** Row groups, read in the workshop. */
export function groupReaderOf(workshop: Workshop): GroupReader {
  return {
    groups: (path) => workshop.call("groups", path),
    records: (group) => workshop.call("records", group),
  }
}

export interface WorkshopParts {
  readonly disk: Disk
  readonly random: Random
  readonly contracts: readonly AcceptedRows[]
}

export class WorkshopCore implements WorkshopCalls {
  readonly #parts: WorkshopParts
  readonly #contracts: ReadonlyMap<string, AcceptedRows>
  /** By table. Decoders keep what they learned of their producers from pass to pass. */
  readonly #rows = new Map<string, RecordRows>()
  #pass: PassEncoder | null = null
  #compaction: Compaction | null = null

  constructor(parts: WorkshopParts) {
    this.#parts = parts
    this.#contracts = new Map(parts.contracts.map((contract) => [contract.name, contract]))
  }

  begin(start: PassStart): void {
    assert(this.#pass === null, "one pass at a time")
    this.#pass = new PassEncoder(this.#tools(), start)
  }

  add(read: LogRead): string | null {
    return this.#openPass().add(read)
  }

  resume(table: PassTable): string | null {
    return this.#openPass().resume(table)
  }

  endPartition(): void {
    this.#openPass().endPartition()
  }

  finish(): readonly PassFiles[] {
    const files = this.#openPass().finish()
    this.#pass = null
    return files
  }

  abandon(): void {
    const [pass, compaction] = [this.#pass, this.#compaction]
    this.#pass = null
    this.#compaction = null
    pass?.abandon()
    compaction?.abandon()
  }

  beginCompaction(start: CompactionStart): void {
    assert(this.#compaction === null, "one compaction at a time")
    this.#compaction = new Compaction(this.#tools(), start)
  }

  async compact(): Promise<readonly DataFile[] | null> {
    assert(this.#compaction !== null, "a compaction was begun")
    const files = await this.#compaction.step()
    if (files !== null) this.#compaction = null
    return files
  }

  groups(path: string): readonly GroupRange[] {
    return readGroups(this.#parts.disk, path)
  }

  records(group: GroupRange): Promise<RecordSlab> {
    return readGroup(this.#parts.disk, group)
  }

  #openPass(): PassEncoder {
    assert(this.#pass !== null, "a pass was begun")
    return this.#pass
  }

  #tools() {
    const openFile = ({ directory, schema }: TableTarget, day: number) => {
      const { disk, random } = this.#parts
      return new DataFileWriter({ disk, random, directory, schema, day })
    }
    return { disk: this.#parts.disk, openFile, rowsOf: (table: string) => this.#rowsOf(table) }
  }

  #rowsOf(table: string): RecordRows {
    const known = this.#rows.get(table)
    if (known !== undefined) return known
    const contract = this.#contracts.get(table)
    const rows = new RecordRows(contract === undefined ? null : contractOfAccepted(contract))
    this.#rows.set(table, rows)
    return rows
  }
}

/** What passes and compactions work with. */
export interface WorkshopTools {
  readonly disk: Disk
  readonly openFile: (table: TableTarget, day: number) => DataFileWriter
  readonly rowsOf: (table: string) => RecordRows
}
