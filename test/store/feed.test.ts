import assert from "node:assert/strict"
import { test } from "node:test"
import { setTimeout as wait } from "node:timers/promises"
import { startFeedRun } from "./feed-run.ts"

/** Each is a SIGKILL in the middle of inserts. */
const KILLS = 12

test("however often the store is killed, it ends with every row once, and nobody waits for it", async (t) => {
  await using run = await startFeedRun(7)
  while (run.platform.store?.status().state !== "ready") await wait(20)
  const kills = async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      await wait(1_050 + 130 * (kill % 5))
      await run.killStore()
    }
  }
  const longestMs = await run.postUntil(kills())
  t.diagnostic(
    `longest wait for an answer while the store was killed ${KILLS} times: ${longestMs.toFixed(0)} ms`,
  )
  await run.compare()
  assert.equal(run.platform.store?.status().crashes, KILLS)
})

test("a restart goes on where the tables are, and takes what came while the store was away", async () => {
  await using run = await startFeedRun(8)
  await run.postUntil(wait(500))
  await run.restart()
  await run.postUntil(wait(1_500))
  await run.compare()
  await run.restart()
  await run.compare()
})
