/** chDB inside the test's process: ClickHouse for small checks, without a host of its own. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Session } from "chdb"

export class ChdbSession implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "millrace-chdb-"))
  readonly #session = new Session(this.#directory)

  /** Rows as JSON arrays; 64-bit integers are text where the query makes them text. */
  async rows(sql: string): Promise<(string | null)[][]> {
    const answer = await this.#session.queryAsync(sql, { format: "JSONCompactEachRow" })
    const text = await answer.text()
    if (text === "") return []
    return text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as (string | null)[])
  }

  async command(sql: string): Promise<void> {
    await this.#session.queryAsync(sql, { format: "Null" })
  }

  [Symbol.dispose](): void {
    this.#session.cleanup()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
