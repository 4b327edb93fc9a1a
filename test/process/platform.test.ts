/** A process in a platform that serves over HTTP, is idle, and is killed. */
import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { checkProject } from "../../src/platform/check-project.ts"

const PROJECT = join(import.meta.dirname, "project")
const AT = Date.UTC(2026, 2, 2, 10)

interface Victim {
  readonly url: string
  readonly child: ChildProcess
}

async function start(data: string): Promise<Victim> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "victim.ts"), data], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const [said] = (await once(child.stdout!, "data")) as [Buffer]
  return { url: said.toString().trim(), child }
}

async function kill({ child }: Victim): Promise<void> {
  child.kill("SIGKILL")
  await once(child, "exit")
}

type Sent = readonly [door: string, open: boolean, seconds: number]

async function send({ url }: Victim, rows: readonly Sent[]): Promise<string> {
  const body = rows.map(([door, open, seconds]) => {
    return JSON.stringify({ id: `${door}-${seconds}`, door, open, at: AT + seconds * 1_000 })
  })
  const headers = { "content-type": "application/x-ndjson" }
  const response = await fetch(`${url}/v1/events/door`, { method: "POST", headers, body: body.join("\n") })
  assert.equal(response.status, 200)
  return ((await response.json()) as { receipt: string }).receipt
}

/** Asked until there are so many, for ten seconds at most. */
async function rowsOf({ url }: Victim, view: string, count: number): Promise<Record<string, unknown>[]> {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(`${url}/v1/views/${view}/rows`)
    const { rows } = (await response.json()) as { rows: Record<string, unknown>[] }
    if (rows.length >= count || attempt === 200) return rows
    await sleep(50)
  }
}

test("timers of the clock fire without rows, also after a kill, and each call counts once", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "millrace-process-"))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  let victim = await start(data)
  t.after(() => void victim.child.kill("SIGKILL"))
  await send(victim, [
    ["front", true, 0],
    ["back", true, 1],
    ["back", false, 2],
    ["broken", true, 3],
  ])
  // Nothing more comes: the clock alone brings the alarm.
  const [front] = await rowsOf(victim, "open_doors", 1)
  assert.deepEqual([front?.["door"], front?.["times"]], ["front", 1])
  const [failure] = await rowsOf(victim, "open_doors_failures", 1)
  assert.deepEqual(failure, {
    call: "row",
    key: '"broken"',
    reason: "Error: the door is broken",
    event_time: "2026-03-02T10:00:03Z",
  })
  const failed = await (await fetch(`${victim.url}/v1/views/open_doors/failed`)).text()
  assert.match(failed, /process-failed/)

  // One alarm is set when the platform is killed, and comes due while it is away.
  await send(victim, [
    ["side", true, 4],
    ["back", false, 5],
  ])
  await kill(victim)
  await sleep(500)
  victim = await start(data)
  const alarms = await rowsOf(victim, "alarms", 2)
  assert.deepEqual(alarms.map(({ door, n }) => [door, n]).sort(), [
    ["front", "1"],
    ["side", "1"],
  ])
  // The state from before is there, and the timer of event time, whose watermark comes now.
  const receipt = await send(victim, [
    ["back", false, 60],
    ["front", false, 61],
    ["front", false, 63],
  ])
  const after = await fetch(`${victim.url}/v1/views/open_doors/rows?after=${encodeURIComponent(receipt)}`)
  assert.equal(after.status, 200)
  const closed = await rowsOf(victim, "open_doors_closed", 4)
  // A timer sees its key's rows up to its time and none behind it, whatever comes in one epoch.
  assert.deepEqual(closed.map(({ door, times }) => `${door} ${times}`).sort(), [
    "back 2",
    "back 3",
    "back 4",
    "front 2",
  ])
  await kill(victim)
})

test("check finds the process, its outputs and what only the embedded engine can do", async () => {
  const { views, problems } = await checkProject(PROJECT, { writeLock: false })
  assert.deepEqual(problems, [])
  assert.deepEqual(
    views.map(({ name, embeddedOnly, reads }) => [name, embeddedOnly, reads]),
    [
      ["open_doors", ["process()"], ["door"]],
      ["alarms", [], ["open_doors"]],
      ["open_doors_closed", ["process()"], ["open_doors"]],
      ["open_doors_failures", ["process()"], ["open_doors"]],
    ],
  )
})
