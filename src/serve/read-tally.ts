/**
 * Who has asked for what since the start: pages of rows, streams of changes, and queries with the columns
 * that they name. It lives in memory alone; advice is made of it.
 */
import type { StatementReads } from "../stores/hot/gate/statement-reads.ts"

export interface ViewReads {
  rows: number
  streams: number
  /** Queries that name each column that they read, and those that read any. */
  namingQueries: number
  otherQueries: number
  /** Names in queries; also of what is no column. */
  readonly named: Set<string>
}

export interface AskedShape {
  readonly event: string
  readonly shape: string
  readonly groupBy: string
  asked: number
}

/** A shape costs its text; whoever asks more kinds of questions than this asks none of them often. */
const MAX_SHAPES = 1_000

export class ReadTally {
  readonly #views = new Map<string, ViewReads>()
  readonly #shapes = new Map<string, AskedShape>()

  noteRows(view: string): void {
    this.#of(view).rows++
  }

  noteStream(view: string): void {
    this.#of(view).streams++
  }

  noteQuery(reads: StatementReads): void {
    for (const name of new Set(namesIn(reads, "views"))) this.#noteView(this.#of(name), reads)
    const events = namesIn(reads, "events")
    if (reads.groupBy !== null && events.length === 1 && reads.tables.length === 1) {
      this.#noteShape(events[0]!, reads.shape, reads.groupBy)
    }
  }

  view(name: string): Readonly<ViewReads> {
    return this.#views.get(name) ?? nothingRead()
  }

  /** Queries that group the rows of one event, the most often asked first. */
  shapes(): readonly Readonly<AskedShape>[] {
    return [...this.#shapes.values()].sort((a, b) => b.asked - a.asked)
  }

  #noteView(reads: ViewReads, { columns }: StatementReads): void {
    if (columns === null) reads.otherQueries++
    else reads.namingQueries++
    for (const name of columns ?? []) reads.named.add(name)
  }

  /** The least recently asked goes when there are too many. */
  #noteShape(event: string, shape: string, groupBy: string): void {
    const known = this.#shapes.get(shape) ?? { event, shape, groupBy, asked: 0 }
    known.asked++
    this.#shapes.delete(shape)
    this.#shapes.set(shape, known)
    if (this.#shapes.size > MAX_SHAPES) this.#shapes.delete(this.#shapes.keys().next().value!)
  }

  #of(view: string): ViewReads {
    const known = this.#views.get(view) ?? nothingRead()
    this.#views.set(view, known)
    return known
  }
}

function namesIn({ tables }: StatementReads, database: string): readonly string[] {
  return tables.filter((table) => table.database === database).map(({ name }) => name)
}

function nothingRead(): ViewReads {
  return { rows: 0, streams: 0, namingQueries: 0, otherQueries: 0, named: new Set() }
}
