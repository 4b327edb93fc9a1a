/** Reads the ledger by the places that the index names. One history is seen: the one that runs. */
import type { Log } from "../../log/log.ts"
import { readSpan } from "../../log/stored-records.ts"
import type {
  ExcludedPage,
  ExcludedRequest,
  ExcludedRow,
  ExcludedRun,
  OffsetRun,
  OffsetSpan,
  PartlyRun,
  VerdictLedgerReader,
} from "../../ports/verdict-ledger.ts"
import { assert } from "../../std/assert.ts"
import { cursorInvalid, ledgerBroken } from "../errors.ts"
import { decodeLedgerRecord, type LedgerRuling, type LedgerRun, ruledOf } from "./ledger-codec.ts"
import type { LedgerChunk, LedgerIndex } from "./ledger-index.ts"
import { LEDGER_TOPIC, type LedgerWriter } from "./ledger-writer.ts"
import type { Sight } from "./sight.ts"

const READ_BYTES = 256 * 1024
/** Of a page: what people look at, and what one answer may weigh. */
const MAX_LIMIT = 10_000

export interface PlacedRuling {
  /** In the ledger's topic. */
  readonly place: number
  readonly ruling: LedgerRuling
}

/** Of the history that runs. */
export interface Shelf {
  readonly index: LedgerIndex
  readonly sight: Sight
}

export class LedgerReader implements VerdictLedgerReader {
  readonly #log: Log
  readonly #writer: LedgerWriter
  readonly #shelf: Shelf

  constructor(log: Log, writer: LedgerWriter, shelf: Shelf) {
    this.#log = log
    this.#writer = writer
    this.#shelf = shelf
  }

  get history(): number {
    return this.#writer.history
  }

  get durableEpoch(): number {
    return this.#writer.durableEpoch
  }

  whenDurable(epoch: number): Promise<void> {
    return this.#writer.whenReadable(epoch)
  }

  totals(view: string): { readonly late: number; readonly failed: number } {
    return this.#shelf.index.totals(view)
  }

  async *duplicates(span: OffsetSpan): AsyncGenerator<OffsetRun> {
    for await (const { offset, count } of this.#runs(null, span)) yield { offset, count }
  }

  async *excluded(view: string, span: OffsetSpan): AsyncGenerator<ExcludedRun> {
    for await (const { offset, count, code } of this.#runs(view, span)) {
      const { verdict, reason } = ruledOf(code)
      if (verdict === "partly") continue
      if (verdict === "duplicate") throw ledgerBroken(`${view} has a duplicate of its own at ${offset}`)
      yield { offset, count, verdict, reason }
    }
  }

  async *partly(view: string, span: OffsetSpan): AsyncGenerator<PartlyRun> {
    for await (const { offset, count, goneEndUs } of this.#runs(view, span)) {
      if (goneEndUs !== undefined) yield { offset, count, goneEndUs }
    }
  }

  async page(request: ExcludedRequest): Promise<ExcludedPage> {
    const { verdict, limit } = request
    assert(Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT, `a page has 1 to ${MAX_LIMIT} rows`)
    const after = request.cursor === null ? null : this.#position(request)
    const rows: ExcludedRow[] = []
    const positions: Position[] = []
    let isLast = true
    for await (const { place, row } of this.#ruled(request, after)) {
      isLast = rows.length < limit
      if (!isLast) break
      rows.push({ ...row, verdict })
      positions.push({ place, offset: row.offset })
    }
    const cursorAfter = (count: number) => {
      return isLast && count === rows.length ? null : this.#cursor(request, positions[count - 1]!)
    }
    return { rows, cursor: cursorAfter(rows.length), cursorAfter }
  }

  async *#runs(view: string | null, span: OffsetSpan): AsyncGenerator<LedgerRun> {
    const { topic, partition, from, until } = span
    for (const chunk of this.#shelf.index.ofPlace(view, span)) {
      for await (const { ruling } of this.#rulings(chunk)) {
        if (ruling.view !== view || ruling.topic !== topic || ruling.partition !== partition) continue
        for (const run of ruling.runs) {
          const first = Math.max(run.offset, from)
          const end = Math.min(run.offset + run.count, until)
          if (first < end) yield { ...run, offset: first, count: end - first }
        }
      }
    }
  }

  /** Rows of one verdict behind a position, in the order that was asked for. */
  async *#ruled(
    { view, verdict, order }: ExcludedRequest,
    after: Position | null,
  ): AsyncGenerator<{ readonly place: number; readonly row: ExcludedRow }> {
    const isNewest = order === "newest"
    const isBehind = (position: Position) => after === null || isAfter(after, position, isNewest)
    const chunks = this.#shelf.index.ofView(view).filter((chunk) => {
      if (chunk[verdict] === 0) return false
      return after === null || (isNewest ? chunk.first <= after.place : chunk.last >= after.place)
    })
    for (const chunk of isNewest ? chunks.toReversed() : chunks) {
      const placed: PlacedRuling[] = []
      for await (const one of this.#rulings(chunk)) if (one.ruling.view === view) placed.push(one)
      for (const { place, ruling } of isNewest ? placed.toReversed() : placed) {
        const { topic, partition, epoch } = ruling
        if (!isBehind({ place, offset: isNewest ? 0 : Number.MAX_SAFE_INTEGER })) continue
        const left = after?.place === place ? runsBehind(ruling.runs, after.offset, isNewest) : ruling.runs
        for (const { offset, reason } of rowsOf(left, verdict, isNewest)) {
          yield { place, row: { topic, partition, offset, verdict, reason, epoch } }
        }
      }
    }
  }

  async *#rulings({ first, last }: LedgerChunk): AsyncGenerator<PlacedRuling> {
    const span = { topic: LEDGER_TOPIC, partition: 0, from: first, until: last + 1 }
    for await (const { offset, value } of readSpan(this.#log, span, { readBytes: READ_BYTES })) {
      if (value === null) continue
      const record = decodeLedgerRecord(value)
      if (record.kind === "ruling" && this.#shelf.sight.has(record)) yield { place: offset, ruling: record }
    }
  }

  #cursor({ view, verdict, order }: ExcludedRequest, { place, offset }: Position): string {
    return Buffer.from(JSON.stringify([this.history, view, verdict, order, place, offset])).toString(
      "base64url",
    )
  }

  /** @throws PlatformError cursor-invalid */
  #position({ view, verdict, order, cursor }: ExcludedRequest): Position {
    const wanted = [this.history, view, verdict, order]
    let read: unknown
    try {
      read = JSON.parse(Buffer.from(cursor!, "base64url").toString("utf8"))
    } catch {
      throw cursorInvalid(cursor!)
    }
    if (!Array.isArray(read) || read.length !== 6 || wanted.some((part, i) => part !== read[i])) {
      throw cursorInvalid(cursor!)
    }
    const [place, offset] = read.slice(4) as unknown[]
    if (!Number.isSafeInteger(place) || !Number.isSafeInteger(offset)) throw cursorInvalid(cursor!)
    return { place: place as number, offset: offset as number }
  }
}

interface Position {
  readonly place: number
  readonly offset: number
}

function isAfter(before: Position, position: Position, isNewest: boolean): boolean {
  const distance = position.place - before.place || position.offset - before.offset
  return isNewest ? distance < 0 : distance > 0
}

/** What is left of runs behind an offset: a run of a million rows is not gone through for each page. */
function runsBehind(runs: readonly LedgerRun[], after: number, isNewest: boolean): readonly LedgerRun[] {
  return runs.flatMap((run) => {
    const first = isNewest ? run.offset : Math.max(run.offset, after + 1)
    const end = isNewest ? Math.min(run.offset + run.count, after) : run.offset + run.count
    return first < end ? [{ ...run, offset: first, count: end - first }] : []
  })
}

function* rowsOf(runs: readonly LedgerRun[], wanted: string, isNewest: boolean) {
  for (const { offset, count, code } of isNewest ? runs.toReversed() : runs) {
    const { verdict, reason } = ruledOf(code)
    if (verdict !== wanted) continue
    for (let row = 0; row < count; row++) {
      yield { offset: isNewest ? offset + count - 1 - row : offset + row, reason }
    }
  }
}
