/**
 * A ClickHouse that comes and goes: calls go on while it is ready, and say why not while it is away. Who
 * keeps it running, or waits for it, says how its status changes.
 */
import { isPlatformError, type PlatformError } from "../../std/errors.ts"
import type { ClickHouse, InsertRequest, QueryAnswer, QueryOptions, StatementOptions } from "../clickhouse.ts"
import { storeUnavailable } from "../errors.ts"
import type { HttpClickHouse } from "../http-clickhouse.ts"

export interface HostStatus {
  readonly state: "starting" | "ready" | "restarting" | "unavailable" | "stopped"
  /** Null when it is ready. */
  readonly reason: string | null
  readonly version: string | null
  readonly pid: number | null
  /** Times that it ended without being asked to, or went away. */
  readonly crashes: number
}

export abstract class WatchedClickHouse implements ClickHouse, AsyncDisposable {
  protected readonly face: HttpClickHouse
  protected current: HostStatus

  constructor(face: HttpClickHouse, reason: string) {
    this.face = face
    this.current = { state: "starting", reason, version: null, pid: null, crashes: 0 }
  }

  get status(): HostStatus {
    return this.current
  }

  /** Resolves when it answers. @throws store-unavailable when it never will */
  abstract whenReady(): Promise<void>

  abstract [Symbol.asyncDispose](): Promise<void>

  /** A call did not reach it. Returns what its caller is told. */
  protected abstract lost(error: PlatformError): PlatformError

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

  async #ask<T>(call: (face: HttpClickHouse) => Promise<T>): Promise<T> {
    if (this.current.state !== "ready") throw storeUnavailable(this.current.reason ?? "it is not ready")
    try {
      return await call(this.face)
    } catch (error) {
      throw isPlatformError(error, "store-unavailable") ? this.lost(error) : error
    }
  }
}
