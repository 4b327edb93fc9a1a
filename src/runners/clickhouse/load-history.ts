/**
 * History up to a cut as tables of ClickHouse: each event's rows, read by ClickHouse from the bytes, without
 * duplicates, and beside them the positions of rows that the ledger leaves out of views. Everything is
 * written in bounded blocks, and the tables lie on disk.
 */
import type { EventContract } from "../../contracts/contract.ts"
import type { OffsetRun, OffsetSpan, VerdictLedgerReader } from "../../ports/verdict-ledger.ts"
import type { ClickHouse } from "../../stores/clickhouse.ts"
import { quoteName } from "../../stores/clickhouse.ts"
import type { ViewCut } from "./cut.ts"
import { EventLoader } from "./event-loader.ts"
import type { History } from "./history.ts"
import { type BlockColumn, int32Column, int64Column, nativeBlock, stringColumn } from "./native-block.ts"
import type { VerifyProgress } from "./verifier.ts"
import type { HistoryTables } from "./view-query.ts"

export interface LoadHistory {
  readonly clickhouse: ClickHouse
  readonly history: History
  /** Null: nothing is left out. */
  readonly ledger: VerdictLedgerReader | null
  readonly cut: ViewCut
  /** Events behind the view. */
  readonly contracts: readonly EventContract[]
  /** Columns that are read, by event. */
  readonly columns: ReadonlyMap<string, ReadonlySet<string>>
  /** The view and the views it is made of. */
  readonly views: readonly string[]
  /** A database of its own; the caller drops it. */
  readonly database: string
  /** ClickHouse's limits for each statement. */
  readonly limits: Readonly<Record<string, string | number>>
  /** True: duplicates are loaded too, and stand among the excluded rows. */
  readonly withDuplicates: boolean
  /** Called between pieces: may wait, or throw to stop. */
  readonly pause: () => Promise<void>
  readonly progress: (progress: VerifyProgress) => void
}

export interface LoadedHistory {
  readonly tables: HistoryTables
  readonly eventsRead: number
}

export async function loadHistory(options: LoadHistory): Promise<LoadedHistory> {
  const { clickhouse, database } = options
  const tables = {
    event: (event: string) => `${database}.${quoteName(`event_${event}`)}`,
    excluded: `${database}.excluded`,
    partly: `${database}.partly`,
  }
  const place = "view String, event String, partition Int32, offset Int64"
  for (const [table, values] of [
    [tables.excluded, "verdict String, reason String"],
    [tables.partly, "gone_end Int64"],
  ]) {
    await clickhouse.command(
      `CREATE TABLE ${table} (${place}, ${values}) ` +
        "ENGINE = MergeTree ORDER BY (view, event, partition, offset)",
    )
  }
  const loaders = await eventLoaders(options, tables)
  const { positions } = options.cut
  const total = positions.reduce((sum, { end }) => sum + end, 0)
  const partlyUsed = new Set<string>()
  let eventsRead = 0
  let passed = 0
  options.progress({ eventsRead, share: 0 })
  for (const { topic, partition, end } of positions) {
    const span = { topic, partition, from: 0, until: end }
    for await (const { rows, offset } of loadPartition(options, loaders, span)) {
      eventsRead += rows
      options.progress({ eventsRead, share: (passed + offset) / total })
    }
    passed += end
    for (const view of options.views) {
      await loadExcluded(options, tables, { view, span })
      if (await loadPartly(options, tables, { view, span })) partlyUsed.add(view)
    }
  }
  for (const loader of loaders.values()) await loader.finish()
  return { tables: { ...tables, isPartlyUsed: (view) => partlyUsed.has(view) }, eventsRead }
}

type Tables = Omit<HistoryTables, "isPartlyUsed">

async function eventLoaders(options: LoadHistory, tables: Tables): Promise<ReadonlyMap<string, EventLoader>> {
  const { clickhouse, database, limits } = options
  const loaders = new Map<string, EventLoader>()
  for (const contract of options.contracts) {
    const wanted = options.columns.get(contract.name)!
    const table = tables.event(contract.name)
    loaders.set(
      contract.name,
      await EventLoader.open({ clickhouse, database, limits, contract, wanted, table }),
    )
  }
  return loaders
}

/** What was loaded, block by block, and up to where. */
async function* loadPartition(
  { history, ledger, withDuplicates, pause }: LoadHistory,
  loaders: ReadonlyMap<string, EventLoader>,
  span: OffsetSpan,
): AsyncGenerator<{ rows: number; offset: number }> {
  const without = ledger === null || withDuplicates ? [] : await collect(ledger.duplicates(span))
  for await (const block of history.blocks({ span, events: new Set(loaders.keys()), without })) {
    await pause()
    await loaders.get(block.event)!.load(block, span.partition)
    yield { rows: block.seen, offset: Number(block.offsets.at(-1) ?? 0n) }
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** Rows in one insert. */
const PIECE_ROWS = 50_000

/** A view, and the rows of a partition that are spoken of. */
interface Place {
  readonly view: string
  readonly span: OffsetSpan
}

interface Excluded {
  readonly offset: number
  readonly verdict: string
  readonly reason: string
}

async function loadExcluded(options: LoadHistory, tables: Tables, { view, span }: Place): Promise<void> {
  const { ledger } = options
  if (ledger === null) return
  const rows = new Pieces<Excluded>(async (piece) => {
    await insertRows(options, { table: tables.excluded, view, span }, piece, [
      stringColumn(
        "verdict",
        piece.map(({ verdict }) => verdict),
      ),
      stringColumn(
        "reason",
        piece.map(({ reason }) => reason),
      ),
    ])
  })
  for await (const run of ledger.excluded(view, span)) {
    await rows.add(run, { verdict: run.verdict, reason: run.reason ?? "" })
  }
  if (options.withDuplicates) {
    for await (const run of ledger.duplicates(span)) {
      await rows.add(run, { verdict: "duplicate", reason: "its id came before" })
    }
  }
  await rows.finish()
}

/** Returns whether there are any. */
async function loadPartly(options: LoadHistory, tables: Tables, { view, span }: Place): Promise<boolean> {
  const { ledger } = options
  if (ledger === null) return false
  const rows = new Pieces<{ readonly offset: number; readonly goneEndUs: bigint }>(async (piece) => {
    const ends = BigInt64Array.from(piece, ({ goneEndUs }) => goneEndUs)
    await insertRows(options, { table: tables.partly, view, span }, piece, [int64Column("gone_end", ends)])
  })
  for await (const run of ledger.partly(view, span)) await rows.add(run, { goneEndUs: run.goneEndUs })
  await rows.finish()
  return rows.count > 0
}

/** Rows of runs, handed on in pieces of a bounded size. */
class Pieces<Row extends { readonly offset: number }> {
  count = 0
  readonly #insert: (rows: readonly Row[]) => Promise<void>
  #rows: Row[] = []

  constructor(insert: (rows: readonly Row[]) => Promise<void>) {
    this.#insert = insert
  }

  async add(run: OffsetRun, values: Omit<Row, "offset">): Promise<void> {
    for (let offset = run.offset; offset < run.offset + run.count; offset++) {
      this.#rows.push({ ...values, offset } as Row)
      if (this.#rows.length === PIECE_ROWS) await this.finish()
    }
  }

  async finish(): Promise<void> {
    const rows = this.#rows
    this.#rows = []
    this.count += rows.length
    if (rows.length > 0) await this.#insert(rows)
  }
}

/** Several events may share a topic: a position is spoken of for whichever of them it is a row of. */
async function insertRows(
  { clickhouse, contracts }: LoadHistory,
  { table, view, span }: Place & { readonly table: string },
  rows: readonly { readonly offset: number }[],
  values: readonly BlockColumn[],
): Promise<void> {
  for (const { name } of contracts.filter(({ topic }) => topic === span.topic)) {
    const columns = [
      stringColumn("view", Array<string>(rows.length).fill(view)),
      stringColumn("event", Array<string>(rows.length).fill(name)),
      int32Column("partition", new Int32Array(rows.length).fill(span.partition)),
      int64Column(
        "offset",
        BigInt64Array.from(rows, ({ offset }) => BigInt(offset)),
      ),
      ...values,
    ]
    const body = [nativeBlock(columns, rows.length)]
    const names = columns.map((column) => column.name)
    await clickhouse.insert({ table, columns: names, format: "Native", body })
  }
}
