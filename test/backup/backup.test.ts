/**
 * Backups of a platform that takes events meanwhile: what is restored answers as the platform did at one
 * instant, takes up where that left off, and its balance holds.
 */
import assert from "node:assert/strict"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { fileURLToPath } from "node:url"
import { main } from "../../src/cli/main.ts"
import { type Platform, startPlatform } from "../../src/platform/start-platform.ts"
import { twinTerminal } from "../kit/twin-terminal.ts"

const PROJECT = fileURLToPath(new URL("../../examples/signups", import.meta.url))

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "millrace-backup-"))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function start(dataDirectory: string): Promise<Platform> {
  return startPlatform({ projectDirectory: PROJECT, dataDirectory, port: 0 })
}

function signup(number: number): object {
  return {
    event_id: `e-${number}`,
    event_type: "user_signup",
    timestamp: new Date(Date.UTC(2026, 2, 1 + (number % 5))).toISOString(),
    user_id: `u-${number % 50}`,
    plan: ["free", "premium", "team"][number % 3],
    schema_version: 1,
  }
}

interface Posted {
  readonly accepted: number
  readonly duplicates: number
  readonly receipt: string
}

async function post(platform: Platform, numbers: readonly number[]): Promise<Posted> {
  const response = await fetch(`${platform.url}/v1/events/user_signup`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(numbers.map(signup)),
  })
  assert.equal(response.status, 200)
  return (await response.json()) as Posted
}

async function get(platform: Platform, path: string): Promise<Record<string, unknown>> {
  return (await (await fetch(platform.url + path)).json()) as Record<string, unknown>
}

interface Status {
  readonly received: number
  readonly accepted: number
  readonly duplicates: number
  readonly appended: number
}

async function statusOf(platform: Platform): Promise<Status> {
  return ((await get(platform, "/v1/events"))["events"] as Status[])[0]!
}

/** Rows of the view when it has processed all that is in the log, and how many events they count. */
async function answersOf(platform: Platform): Promise<{ rows: unknown; counted: number }> {
  for (;;) {
    const view = (await get(platform, "/v1/views/signups_per_plan")) as {
      verdicts: { pending: number; applied: number }
    }
    if (view.verdicts.pending > 0) continue
    const { rows } = (await get(platform, "/v1/views/signups_per_plan/rows?sort=plan,day&limit=1000")) as {
      rows: readonly { count: string }[]
    }
    return { rows, counted: rows.reduce((sum, { count }) => sum + Number(count), 0) }
  }
}

async function run(...args: string[]): Promise<{ code: number; out: Record<string, never>; error: string }> {
  const terminal = twinTerminal()
  const code = await main([...args, "--json"], terminal)
  return { code, out: JSON.parse(terminal.printed.join("\n")), error: terminal.noted.join("\n") }
}

test("a platform restored from a backup answers as it did, and goes on", async (t) => {
  const directory = folder(t)
  const backups = `${directory}/backups`
  const first = Array.from({ length: 500 }, (_, number) => number)
  let answers: Awaited<ReturnType<typeof answersOf>>
  let receipt: string
  {
    await using platform = await start(`${directory}/data`)
    ;({ receipt } = await post(platform, first))
    await post(platform, first.slice(0, 20))
    answers = await answersOf(platform)
    const taken = await run("backup", backups, "--url", platform.url)
    assert.equal(taken.code, 0, taken.error)
    await post(platform, [1_000, 1_001])
  }
  const restored = await run("restore", backups, "--data", `${directory}/again`)
  assert.equal(restored.code, 0, restored.error)
  assert.deepEqual(readdirSync(`${directory}/data`).includes("backup-staging"), false)
  await using platform = await start(`${directory}/again`)
  assert.deepEqual(await answersOf(platform), answers)
  const { accepted, appended } = await statusOf(platform)
  assert.deepEqual([accepted, appended], [500, 500])
  const again = await post(platform, [0, 499, 1_000])
  assert.deepEqual([again.accepted, again.duplicates], [1, 2], "ids are remembered over a restore")
  const asked = await get(platform, `/v1/views/signups_per_plan/rows?after=${receipt}`)
  assert.equal((asked["receipt"] as { processed: boolean }).processed, true, "receipts stay valid")
})

test("a backup under load is of one instant; the next one shares what did not change", async (t) => {
  const directory = folder(t)
  const backups = `${directory}/backups`
  const ids: string[] = []
  {
    await using platform = await start(`${directory}/data`)
    let stopped = false
    let next = 0
    const load = (async () => {
      while (!stopped)
        await post(
          platform,
          Array.from({ length: 200 }, () => next++),
        )
    })()
    for (let round = 0; round < 4; round++) {
      await new Promise((resolve) => setTimeout(resolve, 300))
      const { code, out, error } = await run("backup", backups, "--url", platform.url)
      assert.equal(code, 0, error)
      ids.push(out["id"]!)
    }
    stopped = true
    await load
  }
  assert.equal(new Set(ids).size, 4, "each has a name of its own")
  for (const id of ids) {
    const data = `${directory}/${id}`
    assert.equal((await run("restore", backups, "--id", id, "--data", data)).code, 0)
    await using platform = await start(data)
    const { counted } = await answersOf(platform)
    const { received, accepted, duplicates, appended } = await statusOf(platform)
    assert.ok(counted > 0 && counted % 200 === 0, `${counted} events: posts are there as a whole`)
    assert.deepEqual([accepted, appended, received], [counted, counted, accepted + duplicates])
  }
})

test("older backups go, and what they alone had goes with them", async (t) => {
  const directory = folder(t)
  const backups = `${directory}/backups`
  await using platform = await start(`${directory}/data`)
  for (let round = 0; round < 3; round++) {
    await post(platform, [round])
    await answersOf(platform)
    const { code } = await run("backup", backups, "--url", platform.url, "--keep", "2")
    assert.equal(code, 0)
  }
  const listed = (await run("restore", backups, "--list")).out["backups"] as unknown as { id: string }[]
  assert.equal(listed.length, 2)
  for (const { id } of listed) {
    assert.equal((await run("restore", backups, "--id", id, "--data", `${directory}/${id}`)).code, 0)
  }
})

test("what cannot be is refused in words, and nothing is written", async (t) => {
  const directory = folder(t)
  const backups = `${directory}/backups`
  await using platform = await start(`${directory}/data`)
  await using other = await start(`${directory}/other`)
  await post(platform, [1])
  assert.equal((await run("backup", backups, "--url", platform.url)).code, 0)
  writeFileSync(join(directory, "file"), "")
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["backup", `${directory}/data/in`, "--url", platform.url], /lies in the data directory/],
    [["backup", directory, "--url", platform.url], /holds .* and is no folder of backups/],
    [["backup", backups, "--url", other.url], /backups of another platform/],
    [["restore", directory, "--data", `${directory}/x`], /is no folder of backups/],
    [["restore", backups, "--id", "20000101T000000Z", "--data", `${directory}/x`], /has no backup "2000/],
    [["restore", backups, "--data", `${directory}/data`], /cannot be restored into: it holds/],
  ]
  for (const [args, expected] of cases) {
    const { code, out } = await run(...args)
    assert.equal(code, 2)
    assert.match((out["error"] as unknown as { message: string }).message, expected)
  }
  assert.equal(readdirSync(directory).includes("x"), false)
})

test("over HTTP a body that does not fit is refused, and one backup is taken at a time", async (t) => {
  const directory = folder(t)
  await using platform = await start(`${directory}/data`)
  const ask = async (body: string, type = "application/json"): Promise<Response> =>
    fetch(`${platform.url}/v1/backups`, { method: "POST", headers: { "content-type": type }, body })
  const codeOf = async (response: Response): Promise<readonly [number, string]> => {
    const { code } = (await response.json()) as { code: string }
    return [response.status, code]
  }
  assert.deepEqual(await codeOf(await ask("{}", "text/plain")), [415, "unsupported-media-type"])
  assert.deepEqual(await codeOf(await ask("[]")), [400, "body-not-json"])
  assert.deepEqual(await codeOf(await ask("{")), [400, "body-not-json"])
  assert.deepEqual(await codeOf(await ask('{"to":7}')), [400, "bad-parameter"])
  assert.deepEqual(await codeOf(await ask('{"to":"relative"}')), [400, "backup-refused"])
  assert.deepEqual(await codeOf(await ask('{"to":"/tmp/x","keep":0}')), [400, "bad-parameter"])
  const to = JSON.stringify({ to: `${directory}/backups` })
  const answers = await Promise.all([ask(to), ask(to)])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409])
})

test("a damaged backup is not restored", async (t) => {
  const directory = folder(t)
  const backups = `${directory}/backups`
  await using platform = await start(`${directory}/data`)
  await post(platform, [1])
  await run("backup", backups, "--url", platform.url)
  const [chunkFolder] = readdirSync(`${backups}/chunks`)
  const [chunk] = readdirSync(`${backups}/chunks/${chunkFolder}`)
  writeFileSync(`${backups}/chunks/${chunkFolder}/${chunk}`, "something else")
  const { code, out } = await run("restore", backups, "--data", `${directory}/x`)
  assert.equal(code, 2)
  assert.match((out["error"] as unknown as { message: string }).message, /damaged .*what its name says/)
  assert.equal(readdirSync(directory).includes("x"), false)
})
