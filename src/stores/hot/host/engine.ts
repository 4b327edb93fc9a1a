/**
 * ClickHouse inside of this process, through chDB. Each statement gets a session of its own (0.4 ms), so no
 * setting, temporary table or database of one is seen by the next. How many run at once is limited by role:
 * an insert never waits behind a reader.
 */
import * as fs from "node:fs"
import { open } from "node:fs/promises"
import type { ChdbQueryStream, Session } from "chdb"
import { HostRefusal, type HostStatement, type InsertData } from "./host-statement.ts"
import { Lanes } from "./lanes.ts"

export interface EngineOptions {
  readonly dataDirectory: string
  readonly configFile: string
  /** Where bodies of inserts lie while they are read: in memory where the system has such a folder. */
  readonly insertDirectory: string
}

/** Pieces of an answer. */
export type EngineAnswer = AsyncIterable<Uint8Array>

/** Between two attempts to stop a statement. */
const KILL_PAUSE_MS = 50

/** Formats that name and type their columns themselves. */
const SELF_DESCRIBING = new Set(["Native", "Parquet", "Arrow", "ArrowStream", "ORC", "Avro"])

export class Engine {
  readonly #options: EngineOptions
  readonly #openSession: () => Session
  /** Keeps the engine loaded while no statement runs. */
  readonly #anchor: Session
  readonly #lanes = new Lanes()
  #insertFiles = 0

  /** @throws what chDB throws when the data directory cannot be opened. */
  constructor(chdb: Pick<typeof import("chdb"), "Session">, options: EngineOptions) {
    const connectionArgs = [`--config-file=${options.configFile}`]
    this.#options = options
    this.#openSession = () => new chdb.Session(options.dataDirectory, { connectionArgs })
    this.#anchor = this.#openSession()
  }

  /**
   * The statement's answer. Returning early from the loop, or `signal`, stops the statement.
   * @throws HostRefusal, and the engine's errors, before the first piece or between two.
   */
  async *run(statement: HostStatement, signal: AbortSignal): EngineAnswer {
    const lane = this.#lanes.of(statement)
    await lane.enter(signal)
    const session = this.#openSession()
    // A call that runs in the engine ends early only when the engine itself is told so.
    let isOver = false
    const stop = () => void this.#killUntil(statement.queryId, () => isOver)
    signal.addEventListener("abort", stop, { once: true })
    try {
      for (const sql of statement.preparation) await session.queryAsync(sql)
      throwIfStopped(signal)
      if (statement.insert !== null)
        await this.#insert(session, statement.insert, { sql: statement.sql, signal })
      else if (statement.isStreamed) yield* stream(session, statement)
      else yield (await session.queryAsync(statement.sql, { format: statement.format })).bytes()
    } finally {
      isOver = true
      signal.removeEventListener("abort", stop)
      session.close()
      lane.leave()
    }
  }

  async version(): Promise<string> {
    return (await this.#anchor.queryAsync("SELECT version()", { format: "TabSeparated" })).text().trim()
  }

  /** Runs statements to their end, then lets the engine go. */
  async close(): Promise<void> {
    await this.#lanes.drained()
    this.#anchor.close()
  }

  /** Again and again: a statement that is about to begin is not in the engine's list yet. */
  async #killUntil(queryId: string, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.#kill(queryId)
      await new Promise((resolve) => setTimeout(resolve, KILL_PAUSE_MS))
    }
  }

  async #kill(queryId: string): Promise<void> {
    const comment = `'${queryId.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
    try {
      await this.#anchor.queryAsync(`KILL QUERY WHERE Settings['log_comment'] = ${comment} ASYNC`)
    } catch (error) {
      // The statement then runs to its end or its time limit; its answer has no reader any more.
      console.error(`the statement ${queryId} could not be stopped`, error)
    }
  }

  async #insert(
    session: Session,
    data: InsertData,
    { sql, signal }: { readonly sql: string; readonly signal: AbortSignal },
  ): Promise<void> {
    if (!SELF_DESCRIBING.has(data.format)) {
      // Text behind the statement; the engine reads it with the table's own types.
      await session.queryAsync(`${sql}\n${new TextDecoder().decode(data.bytes)}`)
      return
    }
    const path = `${this.#options.insertDirectory}/${process.pid}-${this.#insertFiles++}.${data.format}`
    try {
      await writePrivate(path, data.bytes)
      throwIfStopped(signal)
      const source = `file('${path.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}', ${data.format})`
      await session.queryAsync(`${data.head} SELECT ${data.columns} FROM ${source}`)
    } finally {
      fs.rmSync(path, { force: true })
    }
  }
}

function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new HostRefusal(QUERY_WAS_CANCELLED, "Query was cancelled before it began")
}

async function* stream(session: Session, { sql, format }: HostStatement): EngineAnswer {
  const pieces: ChdbQueryStream = session.queryStream(sql, { format })
  for await (const piece of pieces) yield piece.raw()
}

async function writePrivate(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600)
  try {
    await file.writeFile(bytes)
  } finally {
    await file.close()
  }
}

/** ClickHouse's code and message of what chDB threw. */
export function engineFailure(error: unknown): { readonly code: number; readonly message: string } {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof HostRefusal) return { code: error.clickhouseCode, message }
  const { clickhouseCode } = error as { readonly clickhouseCode?: unknown }
  const code = Number(clickhouseCode ?? /Code: (\d+)\./.exec(message)?.[1] ?? UNKNOWN_EXCEPTION)
  return { code, message }
}

const QUERY_WAS_CANCELLED = 394
const UNKNOWN_EXCEPTION = 1002
