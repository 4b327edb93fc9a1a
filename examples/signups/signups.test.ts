/** The example as its README tells it: started, sent to over HTTP, asked. */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { startPlatform } from "../../src/platform/start-platform.ts"

const GOOD = {
  event_id: "e-1",
  event_type: "user_signup",
  timestamp: "2026-03-02T10:00:00Z",
  user_id: "u-1",
  plan: "premium",
  schema_version: 1,
}

interface Answer {
  readonly accepted: number
  readonly duplicates: number
  readonly rejected: readonly { readonly index: number; readonly field: string; readonly code: string }[]
  readonly receipt: string | null
}

test("signups are counted by plan and day, and a bad one says what is wrong with it", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "millrace-signups-"))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  await using platform = await startPlatform({
    projectDirectory: import.meta.dirname,
    dataDirectory: data,
    port: 0,
  })
  const send = async (body: object): Promise<readonly [number, Answer]> => {
    const response = await fetch(`${platform.url}/v1/events/user_signup`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    })
    return [response.status, (await response.json()) as Answer]
  }
  const { user_id: _, ...nobody } = GOOD
  const cases: readonly (readonly [object, field: string, code: string])[] = [
    [nobody, "user_id", "missing-field"],
    [{ ...GOOD, user_id: 7 }, "user_id", "wrong-type"],
    [{ ...GOOD, plan: null }, "plan", "wrong-type"],
    [{ ...GOOD, email: "nobody" }, "email", "check-failed"],
    [{ ...GOOD, timestamp: "yesterday" }, "timestamp", "invalid-format"],
    [{ ...GOOD, schema_version: 0 }, "schema_version", "out-of-range"],
    [{ ...GOOD, event_type: "user_left" }, "event_type", "check-failed"],
  ]
  for (const [row, field, code] of cases) {
    const [status, { rejected, receipt }] = await send(row)
    assert.deepEqual([status, rejected[0]?.field, rejected[0]?.code, receipt], [422, field, code, null])
  }

  const day = (id: string, timestamp: string, plan?: string) => ({ ...GOOD, event_id: id, timestamp, plan })
  const [status, answer] = await send([
    GOOD,
    day("e-2", "2026-03-02T23:59:59.999999Z", "premium"),
    day("e-3", "2026-03-01T00:00:00Z", "premium"),
    { ...day("e-4", "2026-03-02T01:00:00+02:00"), metadata: { source: { name: "ad" } }, email: "a@b.ch" },
    nobody,
  ])
  assert.deepEqual([status, answer.accepted, answer.rejected[0]?.index], [200, 4, 4])
  const [, again] = await send(GOOD)
  assert.deepEqual([again.accepted, again.duplicates], [0, 1])

  const response = await fetch(
    `${platform.url}/v1/views/signups_per_plan/rows?sort=plan,-day&after=${answer.receipt}`,
  )
  const { rows, receipt } = (await response.json()) as { rows: object[]; receipt: object }
  assert.deepEqual(rows, [
    { plan: "premium", day: "2026-03-02T00:00:00Z", count: "2" },
    { plan: "premium", day: "2026-03-01T00:00:00Z", count: "1" },
    { plan: null, day: "2026-03-01T00:00:00Z", count: "1" },
  ])
  assert.deepEqual(receipt, { processed: true, verdicts: { applied: 4 }, failures: {}, forgotten: 0 })
})
