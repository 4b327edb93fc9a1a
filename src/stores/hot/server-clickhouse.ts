/**
 * A ClickHouse server as the store: asked until it answers, and again after a connection to it broke. Nobody
 * here starts it; while it is away every call says so.
 */
import { type Clock, type Scheduler, sleep } from "../../std/clock.ts"
import type { PlatformError } from "../../std/errors.ts"
import type { Random } from "../../std/random.ts"
import type { Transport } from "../../std/transport.ts"
import { storeUnavailable } from "../errors.ts"
import { HttpClickHouse, type HttpClickHouseOptions } from "../http-clickhouse.ts"
import { WatchedClickHouse } from "./watched-clickhouse.ts"

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

export class ServerClickHouse extends WatchedClickHouse {
  readonly #options: ServerClickHouseOptions
  #reaching: Promise<void> | null = null

  /** Begins to reach it at once. */
  constructor(options: ServerClickHouseOptions) {
    super(new HttpClickHouse(options), "the server was not reached yet")
    this.#options = options
    this.#reach()
  }

  /** Resolves when it answers. @throws store-unavailable when this end was closed */
  override async whenReady(): Promise<void> {
    while (this.current.state !== "ready") {
      if (this.current.state === "stopped") throw storeUnavailable("it is stopped")
      await this.#reach()
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.current = { ...this.current, state: "stopped", reason: "it is stopped" }
    await this.#options.transport[Symbol.asyncDispose]()
  }

  protected override lost(error: PlatformError): PlatformError {
    if (this.current.state === "ready") {
      const { crashes } = this.current
      this.current = { ...this.current, state: "restarting", reason: error.message, crashes: crashes + 1 }
      this.#options.report(`The store pauses: ${error.message}`)
      this.#reach()
    }
    return error
  }

  #reach(): Promise<void> {
    this.#reaching ??= this.#untilItAnswers().finally(() => {
      this.#reaching = null
    })
    return this.#reaching
  }

  async #untilItAnswers(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; this.current.state !== "stopped"; ) {
      try {
        const version = await this.face.version()
        if (!this.#isStopped()) this.current = { ...this.current, state: "ready", reason: null, version }
        return
      } catch (error) {
        if (this.#isStopped()) return
        const reason = error instanceof Error ? error.message : String(error)
        if (this.current.state === "starting" && this.current.reason !== reason) {
          this.#options.report(`The store waits for its server: ${reason}`)
        }
        this.current = { ...this.current, reason }
      }
      await sleep(this.#options.scheduler, pauseMs)
      pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)
    }
  }

  #isStopped(): boolean {
    return this.current.state === "stopped"
  }
}
