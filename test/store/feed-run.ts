/**
 * A platform under load whose store is killed again and again; then everything in the store is held against
 * the log and the live views.
 */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { readRow } from "../../src/columns/scalar.ts"
import type { Scalar } from "../../src/columns/types.ts"
import { type Platform, startPlatform } from "../../src/platform/start-platform.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { queryRows } from "../../src/stores/clickhouse.ts"

const PROJECT = fileURLToPath(new URL("./project", import.meta.url))
const ROWS_PER_POST = 200
const SENSORS = 40
const CATCH_UP_MS = 60_000

export interface FeedRun extends AsyncDisposable {
  readonly platform: Platform
  /** Stops it and starts it again on the same data. */
  restart(): Promise<void>
  /** Posts until the promise that it is given is settled; returns the longest wait for an answer. */
  postUntil(done: Promise<unknown>): Promise<number>
  /** Kills the store's process, and waits until it answers again. */
  killStore(): Promise<void>
  /** Every row of log and views, once, in the store. */
  compare(): Promise<void>
}

export async function startFeedRun(seed: number, projectDirectory = PROJECT): Promise<FeedRun> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "store-feed-"))
  const open = () => startPlatform({ projectDirectory, dataDirectory, port: 0 })
  const random = new SeededRandom(seed)
  const sent: string[] = []
  let platform = await open()
  return {
    get platform() {
      return platform
    },
    restart: async () => {
      await platform.close()
      platform = await open()
    },
    postUntil: async (done) => {
      let isDone = false
      done.finally(() => {
        isDone = true
      })
      let longestMs = 0
      while (!isDone) {
        const startedMs = performance.now()
        const rows = Array.from({ length: ROWS_PER_POST }, () => rowText(random, sent))
        const answer = await fetch(`${platform.url}/v1/events/reading`, {
          method: "POST",
          headers: { "content-type": "application/x-ndjson" },
          body: rows.join("\n"),
        })
        assert.equal(answer.status, 200)
        longestMs = Math.max(longestMs, performance.now() - startedMs)
        await wait(10)
      }
      return longestMs
    },
    killStore: async () => {
      const { store } = platform
      assert.ok(store !== null)
      const { crashes } = store.status()
      process.kill(hostPid(platform), "SIGKILL")
      while (store.status().crashes === crashes || store.status().state !== "ready") await wait(5)
    },
    compare: () => compare(platform),
    async [Symbol.asyncDispose]() {
      await platform.close()
      rmSync(dataDirectory, { recursive: true, force: true })
    },
  }
}

/** Every tenth row again as it was sent before: a duplicate, which the door or the engine finds. */
function rowText(random: SeededRandom, sent: string[]): string {
  if (sent.length > 0 && random.below(10) === 0) return sent[random.below(sent.length)]!
  const n = sent.length
  const text = JSON.stringify({
    id: `r${n}`,
    at: new Date(1_700_000_000_000 + n * 10).toISOString(),
    sensor: random.below(20) === 0 ? null : `sensor ${random.below(SENSORS)}`,
    n: random.below(1_000) - 500,
    value: random.below(10) === 0 ? null : random.below(1_000) / 10,
  })
  sent.push(text)
  return text
}

function hostPid({ store }: Platform): number {
  const { pid } = store!.status()
  assert.ok(pid !== null, "the store has a process")
  return pid
}

async function compare({ runtime, store }: Platform): Promise<void> {
  const [event] = runtime.events()
  const until = performance.now() + CATCH_UP_MS
  const isBehind = () => {
    const { tables } = store!.status()
    const pending = runtime.views().some(({ pendingEvents }) => pendingEvents > 0)
    return (
      pending || tables.some(({ state, lagMs, lagRows }) => state !== "following" || lagMs > 0 || lagRows)
    )
  }
  while (isBehind()) {
    assert.ok(performance.now() < until, `the store catches up: ${JSON.stringify(store!.status())}`)
    await wait(50)
  }
  const [totals] = runtime.rows({ view: "totals", where: [], sort: [], limit: 1, cursor: null }).rows.vectors
  const engineRows = Number(totals!.values[0])
  const [stored] = await queryRows<Record<string, string>>(
    store!.clickhouse,
    `SELECT count() AS rows, uniqExact(_partition, _offset) AS places, uniqExact(id) AS ids
      FROM events.reading`,
  )
  const rows = String(engineRows)
  assert.deepEqual(stored, { rows, places: rows, ids: rows }, "each row that counts is in the store once")
  assert.ok(engineRows <= event!.appended)
  for (const { plan } of runtime.views()) await compareView(plan.name)

  async function compareView(view: string): Promise<void> {
    const live = runtime.rows({ view, where: [], sort: [], limit: 1_000_000, cursor: null }).rows
    const expected = Array.from({ length: live.length }, (_, row) => readRow(live, row).map(plain))
    const columns = live.vectors.map((_, index) => `c${index}`)
    const found = await queryRows<Record<string, unknown>>(
      store!.clickhouse,
      `SELECT * FROM (SELECT * FROM views.${view}) AS t(${columns.join(", ")})`,
    )
    const actual = found.map((row) => Object.values(row).map(plain))
    assert.deepEqual(actual.map(String).sort(), expected.map(String).sort(), `views.${view} is the live view`)
  }
}

function plain(value: unknown): string {
  return value === null ? "NULL" : String(value as Scalar)
}
