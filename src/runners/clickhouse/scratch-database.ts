/**
 * Databases for the time of one piece of work: NAME_0, NAME_1, … What a process left behind when it was
 * killed goes before the first one is made.
 */
import type { ClickHouse } from "../../stores/clickhouse.ts"
import { queryRows } from "../../stores/clickhouse.ts"

export class ScratchDatabases {
  readonly #clickhouse: ClickHouse
  readonly #name: string
  #isClean = false
  #made = 0

  /** @param name lower-case letters and "_" */
  constructor(clickhouse: ClickHouse, name: string) {
    this.#clickhouse = clickhouse
    this.#name = name
  }

  async use<T>(work: (database: string) => Promise<T>): Promise<T> {
    await this.dropLeftovers()
    const database = `${this.#name}_${this.#made++}`
    await this.#clickhouse.command(`DROP DATABASE IF EXISTS ${database}`)
    await this.#clickhouse.command(`CREATE DATABASE ${database}`)
    try {
      return await work(database)
    } finally {
      await this.#clickhouse.command(`DROP DATABASE IF EXISTS ${database}`)
    }
  }

  /** Does something once, before anything is made here. @throws PlatformError store-unavailable */
  async dropLeftovers(): Promise<void> {
    if (this.#isClean) return
    const sql = `SELECT name FROM system.databases WHERE match(name, '^${this.#name}_[0-9]+$')`
    for (const { name } of await queryRows<{ name: string }>(this.#clickhouse, sql)) {
      await this.#clickhouse.command(`DROP DATABASE IF EXISTS ${name}`)
    }
    this.#isClean = true
  }
}
