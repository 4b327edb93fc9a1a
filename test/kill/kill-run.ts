/**
 * Real kills: a server in a process of its own is hit with 20,000 events a second and gets SIGKILL at a
 * random moment, again and again. This process keeps the acknowledgements. In the end every acknowledged
 * event is there, none is there twice, and every view equals what plain JavaScript computes from the log's
 * own bytes.
 *
 *   node test/kill/kill-run.ts --kills 200 --seed 1
 */
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { SeededRandom } from "../../src/std/random.ts"
import { assertBalance, booksOfAnswers } from "../../src/testing/balance.ts"
import { type Recomputed, recompute } from "./recompute.ts"

const ROWS_PER_POST = 200
const POSTS_PER_SECOND = 100
const SHORTEST_LIFE_MS = 150
const LONGEST_LIFE_MS = 1_600
const START_TIMEOUT_MS = 60_000
const CAUGHT_UP_TIMEOUT_MS = 120_000

const PROJECT = fileURLToPath(new URL("./project", import.meta.url))
const CLI = fileURLToPath(new URL("../../src/cli/bin.ts", import.meta.url))

export interface KillReport {
  readonly kills: number
  readonly acknowledgedPosts: number
  readonly sentPosts: number
  /** Where kills fell, as far as the files tell. */
  readonly fell: { segmentRoll: number; checkpoint: number; epoch: number; quiet: number }
}

interface Server {
  readonly process: ChildProcess
  readonly url: string
}

export async function killRun(options: {
  readonly kills: number
  readonly seed: number
  readonly print: (line: string) => void
}): Promise<KillReport> {
  const random = new SeededRandom(options.seed)
  const data = mkdtempSync(join(tmpdir(), "millrace-kill-"))
  const acknowledged = new Set<number>()
  const fell = { segmentRoll: 0, checkpoint: 0, epoch: 0, quiet: 0 }
  let nextPost = 0
  try {
    for (let kill = 1; kill <= options.kills; kill++) {
      const server = await startServer(data)
      await expectBalance(server.url)
      const lifeMs = SHORTEST_LIFE_MS + random.below(LONGEST_LIFE_MS - SHORTEST_LIFE_MS)
      nextPost = await sendUntilKilled(server, nextPost, lifeMs, acknowledged)
      const place = placeOf(data)
      fell[place]++
      options.print(
        `kill ${kill} of ${options.kills} after ${lifeMs} ms (${place}); ${acknowledged.size} posts safe`,
      )
    }
    const served = await finalAnswers(data)
    compare(await recompute(join(data, "log"), ROWS_PER_POST), served, acknowledged)
    return { kills: options.kills, acknowledgedPosts: acknowledged.size, sentPosts: nextPost, fell }
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

async function startServer(data: string): Promise<Server> {
  const args = [CLI, "start", PROJECT, "--data", data, "--port", "0", "--json"]
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the server did not start in time")), START_TIMEOUT_MS)
    let output = ""
    child.stdout!.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      const match = /http:\/\/127\.0\.0\.1:\d+/.exec(output)
      if (match === null) return
      clearTimeout(timer)
      resolve(match[0])
    })
    child.on("exit", (code) => reject(new Error(`the server stopped with ${code}: ${output}`)))
  })
  return { process: child, url }
}

/** Sends posts at a steady rate; returns the number of the next post never sent. */
async function sendUntilKilled(
  server: Server,
  firstPost: number,
  lifeMs: number,
  acknowledged: Set<number>,
): Promise<number> {
  const startedMs = performance.now()
  const pending: Promise<void>[] = []
  let killed = false
  let post = firstPost
  const killer = setTimeout(() => {
    killed = true
    server.process.kill("SIGKILL")
  }, lifeMs)
  while (!killed) {
    const due = firstPost + ((performance.now() - startedMs) / 1000) * POSTS_PER_SECOND
    while (post < due && !killed) pending.push(sendPost(server.url, post++, acknowledged))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  clearTimeout(killer)
  await Promise.all(pending)
  await exited(server.process)
  return post
}

async function sendPost(url: string, post: number, acknowledged: Set<number>): Promise<void> {
  const lines: string[] = []
  for (let row = 0; row < ROWS_PER_POST; row++) {
    const id = post * ROWS_PER_POST + row
    const at = new Date(Date.UTC(2026, 0, 1) + Math.floor(id / 20)).toISOString()
    lines.push(`{"id":${id},"at":"${at}","k":${(id * 7919) % 997},"v":${(id * 31) % 1000}}`)
  }
  const request = {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: lines.join("\n"),
  }
  try {
    const response = await fetch(`${url}/v1/events/tick`, request)
    const answer = (await response.json()) as { accepted?: number }
    if (response.status === 200 && answer.accepted === ROWS_PER_POST) acknowledged.add(post)
  } catch {
    // The server was killed before it answered: this post may be there or not, and nobody was promised
    // anything.
  }
}

async function finalAnswers(data: string): Promise<Recomputed> {
  const server = await startServer(data)
  try {
    await caughtUp(server.url)
    return await readViews(server.url)
  } finally {
    server.process.kill("SIGTERM")
    await exited(server.process)
  }
}

/** What the files say the kill interrupted. */
function placeOf(data: string): keyof KillReport["fell"] {
  const checkpoints = join(data, "checkpoints")
  if (existsSync(checkpoints) && readdirSync(checkpoints).some((name) => name.endsWith(".writing"))) {
    return "checkpoint"
  }
  const partition = join(data, "log", "tick", "0")
  const segments = existsSync(partition) ? readdirSync(partition).filter((name) => name.endsWith(".log")) : []
  const newest = segments.sort().at(-1)
  if (newest === undefined) return "quiet"
  const head = readFileSync(join(partition, newest)).subarray(0, 64)
  if (head.every((byte) => byte === 0)) return "segmentRoll"
  return journaledEnd(data) === null ? "quiet" : "epoch"
}

/** Non-null when the journal has an epoch; almost every kill under load falls between append and publish. */
function journaledEnd(data: string): number | null {
  const journal = join(data, "log", "_epochs", "0")
  return existsSync(journal) ? readdirSync(journal).length : null
}

/** The books balance at any moment, also right after a start. */
async function expectBalance(url: string): Promise<void> {
  type Items = readonly Readonly<Record<string, unknown>>[]
  const { events } = (await (await fetch(`${url}/v1/events`)).json()) as { events: Items }
  const { views } = (await (await fetch(`${url}/v1/views`)).json()) as { views: Items }
  assertBalance(booksOfAnswers(events, views))
}

async function caughtUp(url: string): Promise<void> {
  const deadline = performance.now() + CAUGHT_UP_TIMEOUT_MS
  while (performance.now() < deadline) {
    const { views } = (await (await fetch(`${url}/v1/views`)).json()) as {
      views: { lag: { events: number } }[]
    }
    await expectBalance(url)
    if (views.every(({ lag }) => lag.events === 0)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error("the server did not catch up in time")
}

async function readViews(url: string): Promise<Recomputed> {
  const read = async (view: string) => new Set((await readAll(url, view)).map((row) => JSON.stringify(row)))
  return {
    posts: await read("posts"),
    perKey: await read("per_key"),
    perSecond: await read("per_second"),
    overPosts: await read("over_posts"),
  }
}

async function readAll(url: string, view: string): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = []
  let cursor: string | null = null
  do {
    const query = new URLSearchParams({ limit: "10000", ...(cursor === null ? {} : { cursor }) })
    const response = await fetch(`${url}/v1/views/${view}/rows?${query}`)
    if (response.status !== 200) throw new Error(await response.text())
    const page = (await response.json()) as { rows: Record<string, unknown>[]; cursor: string | null }
    rows.push(...page.rows)
    cursor = page.cursor
  } while (cursor !== null)
  return rows
}

function compare(fromLog: Recomputed, served: Recomputed, acknowledged: ReadonlySet<number>): void {
  for (const name of ["posts", "perKey", "perSecond", "overPosts"] as const) {
    const missing = fromLog[name].difference(served[name])
    const surplus = served[name].difference(fromLog[name])
    if (missing.size + surplus.size > 0) {
      const example = [...missing][0] ?? [...surplus][0]
      throw new Error(`${name}: ${missing.size} rows missing, ${surplus.size} too many, such as ${example}`)
    }
  }
  const found = new Map(
    [...fromLog.posts].map((text) => [Number(JSON.parse(text).post), Number(JSON.parse(text).n)]),
  )
  for (const post of acknowledged) {
    if (found.get(post) !== ROWS_PER_POST) {
      throw new Error(
        `post ${post} was acknowledged; ${found.get(post) ?? 0} of its ${ROWS_PER_POST} events are there`,
      )
    }
  }
  for (const [post, rows] of found) {
    if (rows !== ROWS_PER_POST) throw new Error(`post ${post} has ${rows} events instead of ${ROWS_PER_POST}`)
  }
}

function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => child.once("exit", () => resolve()))
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { kills: { type: "string" }, seed: { type: "string" } } })
  const report = await killRun({
    kills: Number(values.kills ?? 200),
    seed: Number(values.seed ?? 1),
    print: (line) => console.log(line),
  })
  console.log(JSON.stringify(report))
}
