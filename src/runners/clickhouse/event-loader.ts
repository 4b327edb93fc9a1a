/**
 * One event's rows into a table of ClickHouse, block by block. What a block has of rows that are not plain
 * (read-plain-event.ts) is put aside and read exactly, all of it at once, when the last block is in.
 */
import type { EventContract } from "../../contracts/contract.ts"
import type { ClickHouse } from "../../stores/clickhouse.ts"
import { queryRows, quoteName } from "../../stores/clickhouse.ts"
import type { HistoryBlock } from "./history-block.ts"
import { QUERY_SETTINGS } from "./lower-plan.ts"
import { int32Column, int64Column, nativePieces } from "./native-block.ts"
import { exactEventSql, plainEventSql, RAW_COLUMNS, type ReadColumns, readColumns } from "./read-event.ts"

export interface EventLoaderOptions {
  readonly clickhouse: ClickHouse
  readonly database: string
  readonly contract: EventContract
  readonly wanted: ReadColumns
  /** Is made. */
  readonly table: string
  /** ClickHouse's limits for each statement. */
  readonly limits: Readonly<Record<string, string | number>>
}

const RAW = "_partition Int32, _offset Int64, _appended Int64, _value String"
/** A block comes in one piece, which more threads would only hand to and fro. */
const LOADING_THREADS = 1

export class EventLoader {
  readonly #options: EventLoaderOptions
  readonly #raw: string
  readonly #rest: string
  readonly #plain: ReturnType<typeof plainEventSql>
  #rows = 0
  #rowsAside = 0

  static async open(options: EventLoaderOptions): Promise<EventLoader> {
    const loader = new EventLoader(options)
    await loader.#createTables()
    return loader
  }

  constructor(options: EventLoaderOptions) {
    const { database, contract, wanted } = options
    this.#options = options
    this.#raw = `${database}.${quoteName(`raw_${contract.name}`)}`
    this.#rest = `${database}.${quoteName(`rest_${contract.name}`)}`
    this.#plain = plainEventSql(contract, this.#raw, wanted)
  }

  async #createTables(): Promise<void> {
    const { clickhouse, contract, wanted, table } = this.#options
    const columns = readColumns(contract, wanted).map(({ name, type }) => `${name} ${type}`)
    // Read once or twice, front to back: nothing is to be merged behind it.
    const engine = "ENGINE = Log"
    await clickhouse.command(`CREATE TABLE ${table} (${columns.join(", ")}) ${engine}`)
    await clickhouse.command(`CREATE TABLE ${this.#rest} (${RAW}) ${engine}`)
    await clickhouse.command(`CREATE TABLE ${this.#raw} (${RAW}) ENGINE = Memory`)
  }

  async load(block: HistoryBlock, partition: number): Promise<void> {
    if (block.length === 0) return
    const { clickhouse, table } = this.#options
    const body = rawBlock(block, partition)
    const raw = this.#plain === null ? this.#rest : this.#raw
    await clickhouse.insert({ table: raw, columns: RAW_COLUMNS, format: "Native", body })
    this.#rows += block.length
    if (this.#plain === null) {
      this.#rowsAside += block.length
      return
    }
    await this.#insert(this.#plain.plain)
    const aside = this.#rows - this.#rowsAside - (await this.#count(table))
    if (aside > 0) {
      await clickhouse.command(`INSERT INTO ${this.#rest} (${RAW_COLUMNS.join(", ")}) ${this.#plain.rest}`)
      this.#rowsAside += aside
    }
    await clickhouse.command(`TRUNCATE TABLE ${raw}`)
  }

  async finish(): Promise<void> {
    if (this.#rowsAside === 0) return
    const { contract, wanted } = this.#options
    await this.#insert(exactEventSql(contract, this.#rest, wanted))
  }

  async #insert(sql: string): Promise<void> {
    const { clickhouse, contract, wanted, table, limits } = this.#options
    const columns = readColumns(contract, wanted).map(({ name }) => name)
    const settings = { ...QUERY_SETTINGS, ...limits, max_threads: LOADING_THREADS }
    await clickhouse.command(`INSERT INTO ${table} (${columns.join(", ")}) ${sql}`, { settings })
  }

  async #count(table: string): Promise<number> {
    const [row] = await queryRows<{ n: string }>(
      this.#options.clickhouse,
      `SELECT count() AS n FROM ${table}`,
    )
    return Number(row!.n)
  }
}

function rawBlock(block: HistoryBlock, partition: number): readonly Uint8Array[] {
  return nativePieces(
    [
      int32Column("_partition", new Int32Array(block.length).fill(partition)),
      int64Column("_offset", block.offsets),
      int64Column("_appended", block.appendedMs),
      { name: "_value", type: "String", bytes: block.values },
    ],
    block.length,
  )
}
