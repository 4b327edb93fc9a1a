/** A store's process whose main thread hangs does not outlive its platform. */
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { test } from "node:test"
import { setTimeout as wait } from "node:timers/promises"
import { fileURLToPath } from "node:url"

const BLOCKED = fileURLToPath(new URL("./blocked-host.ts", import.meta.url))
const LONGEST_MS = 20_000

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    // No such process.
    return false
  }
}

test("a process that hangs ends soon after its parent was killed, and not before", async () => {
  const script = `require("node:child_process").spawn(process.execPath, [${JSON.stringify(BLOCKED)}],
    { stdio: ["ignore", "inherit", "ignore"] }); setInterval(() => {}, 1000)`
  const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] })
  const [line] = (await once(parent.stdout!, "data")) as [Buffer]
  const pid = Number(line.toString())
  await wait(1_500)
  assert.ok(isAlive(pid), "its parent lives")
  parent.kill("SIGKILL")
  for (let waitedMs = 0; isAlive(pid); waitedMs += 100) {
    assert.ok(waitedMs < LONGEST_MS, "it ends")
    await wait(100)
  }
})
