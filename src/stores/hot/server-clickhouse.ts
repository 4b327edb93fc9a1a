/**
 * A ClickHouse server as the store: asked until it answers, and again after a connection to it broke. Nobody
 * here starts it; while it is away every call says so.
 */
import { type Clock, type Scheduler, sleep } from "../../std/clock.ts"
import { isPlatformError } from "../../std/errors.ts"
import type { Random } from "../../std/random.ts"
import type { Transport } from "../../std/transport.ts"
import type { ClickHouse, InsertRequest, QueryAnswer, QueryOptions, StatementOptions } from "../clickhouse.ts"
import { storeUnavailable } from "../errors.ts"
import { HttpClickHouse, type HttpClickHouseOptions } from "../http-clickhouse.ts"
import type { HostStatus } from "./embedded-clickhouse.ts"

export interface ServerClickHouseOptions {
  /** Speaks HTTP to the server. */
  readonly transport: Transport
  /** Of the server; the reader has SELECT on events, views and _views, and nothing else. */
  readonly users: HttpClickHouseOptions["users"]
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: Random
  /** Told in words when it goes away. */
  readonly report: (message: string) => void
}

/** Between two questions whether it answers; doubled up to the longest. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000

export class ServerClickHouse implements ClickHouse, AsyncDisposable {
  readonly #options: ServerClickHouseOptions
  readonly #face: HttpClickHouse
  #status: HostStatus = {
    state: "starting",
    reason: "the server was not reached yet",
    version: null,
    pid: null,
    crashes: 0,
  }
  #reaching: Promise<void> | null = null

  /** Begins to reach it at once. */
  constructor(options: ServerClickHouseOptions) {
    this.#options = options
    this.#face = new HttpClickHouse(options)
    this.#reach()
  }

  /** `crashes` are the times that it went away. */
  get status(): HostStatus {
    return this.#status
  }

  /** Resolves when it answers. @throws store-unavailable when this end was closed */
  async whenReady(): Promise<void> {
    while (this.#status.state !== "ready") {
      if (this.#status.state === "stopped") throw storeUnavailable("it is stopped")
      await this.#reach()
    }
  }

  command(sql: string, options?: StatementOptions): Promise<void> {
    return this.#ask((face) => face.command(sql, options))
  }

  insert(request: InsertRequest): Promise<void> {
    return this.#ask((face) => face.insert(request))
  }

  query(sql: string, options: QueryOptions): Promise<QueryAnswer> {
    return this.#ask((face) => face.query(sql, options))
  }

  kill(queryId: string): Promise<boolean> {
    return this.#ask((face) => face.kill(queryId))
  }

  settle(prefix: string): Promise<void> {
    return this.#ask((face) => face.settle(prefix))
  }

  version(): Promise<string> {
    return this.#ask((face) => face.version())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#status = { ...this.#status, state: "stopped", reason: "it is stopped" }
    await this.#options.transport[Symbol.asyncDispose]()
  }

  async #ask<T>(call: (face: HttpClickHouse) => Promise<T>): Promise<T> {
    if (this.#status.state !== "ready") throw storeUnavailable(this.#status.reason ?? "it is not ready")
    try {
      return await call(this.#face)
    } catch (error) {
      if (isPlatformError(error, "store-unavailable")) this.#lose(error.message)
      throw error
    }
  }

  #lose(message: string): void {
    if (this.#status.state !== "ready") return
    const { crashes } = this.#status
    this.#status = { ...this.#status, state: "restarting", reason: message, crashes: crashes + 1 }
    this.#options.report(`The store pauses: ${message}`)
    this.#reach()
  }

  #reach(): Promise<void> {
    this.#reaching ??= this.#untilItAnswers().finally(() => {
      this.#reaching = null
    })
    return this.#reaching
  }

  async #untilItAnswers(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; this.#status.state !== "stopped"; ) {
      try {
        const version = await this.#face.version()
        if (!this.#isStopped()) this.#status = { ...this.#status, state: "ready", reason: null, version }
        return
      } catch (error) {
        if (this.#isStopped()) return
        const reason = error instanceof Error ? error.message : String(error)
        if (this.#status.state === "starting" && this.#status.reason !== reason) {
          this.#options.report(`The store waits for its server: ${reason}`)
        }
        this.#status = { ...this.#status, reason }
      }
      await sleep(this.#options.scheduler, pauseMs)
      pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)
    }
  }

  #isStopped(): boolean {
    return this.#status.state === "stopped"
  }
}
