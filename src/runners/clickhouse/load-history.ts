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
import { int32Column, int64Column, nativeBlock, stringColumn } from "./native-block.ts"
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
  }
  const excluded = "view String, event String, partition Int32, offset Int64, verdict String, reason String"
  await clickhouse.command(
    `CREATE TABLE ${tables.excluded} (${excluded}) ` +
      "ENGINE = MergeTree ORDER BY (view, event, partition, offset)",
  )
  const loaders = await eventLoaders(options, tables)
  const { positions } = options.cut
  const total = positions.reduce((sum, { end }) => sum + end, 0)
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
    await loadExcluded(options, tables, span)
  }
  for (const loader of loaders.values()) await loader.finish()
  return { tables, eventsRead }
}

async function eventLoaders(
  options: LoadHistory,
  tables: HistoryTables,
): Promise<ReadonlyMap<string, EventLoader>> {
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
const EXCLUDED_ROWS = 50_000

async function loadExcluded(options: LoadHistory, tables: HistoryTables, span: OffsetSpan): Promise<void> {
  const { ledger, views } = options
  if (ledger === null) return
  for (const view of views) {
    let rows: Excluded[] = []
    const add = async (run: OffsetRun, verdict: string, reason: string) => {
      for (let at = run.offset; at < run.offset + run.count; at++) rows.push({ offset: at, verdict, reason })
      if (rows.length < EXCLUDED_ROWS) return
      await insertExcluded(options, tables, { view, span, rows })
      rows = []
    }
    for await (const run of ledger.excluded(view, span)) await add(run, run.verdict, run.reason ?? "")
    if (options.withDuplicates) {
      for await (const run of ledger.duplicates(span)) await add(run, "duplicate", "its id came before")
    }
    await insertExcluded(options, tables, { view, span, rows })
  }
}

interface Excluded {
  readonly offset: number
  readonly verdict: string
  readonly reason: string
}

interface ExcludedPiece {
  readonly view: string
  readonly span: OffsetSpan
  readonly rows: readonly Excluded[]
}

/** Several events may share a topic: a position is excluded from whichever of them it is a row of. */
async function insertExcluded(
  { clickhouse, contracts }: LoadHistory,
  tables: HistoryTables,
  { view, span, rows }: ExcludedPiece,
): Promise<void> {
  if (rows.length === 0) return
  for (const { name } of contracts.filter(({ topic }) => topic === span.topic)) {
    const columns = [
      stringColumn("view", Array<string>(rows.length).fill(view)),
      stringColumn("event", Array<string>(rows.length).fill(name)),
      int32Column("partition", new Int32Array(rows.length).fill(span.partition)),
      int64Column(
        "offset",
        BigInt64Array.from(rows, ({ offset }) => BigInt(offset)),
      ),
      stringColumn(
        "verdict",
        rows.map(({ verdict }) => verdict),
      ),
      stringColumn(
        "reason",
        rows.map(({ reason }) => reason),
      ),
    ]
    const body = [nativeBlock(columns, rows.length)]
    const names = columns.map((column) => column.name)
    await clickhouse.insert({ table: tables.excluded, columns: names, format: "Native", body })
  }
}
