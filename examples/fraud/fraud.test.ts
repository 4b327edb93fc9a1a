/** The example as its README tells it: payments sent over HTTP in any order, and the three questions. */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { type Platform, startPlatform } from "../../src/platform/start-platform.ts"
import { verifyView } from "../../test/kit/verify-view.ts"

const at = (minutes: number): string => new Date(Date.UTC(2026, 2, 2, 10, minutes)).toISOString()

const ZURICH = { merchant: "zürich", latitude: 47.38, longitude: 8.54 }
const WINTERTHUR = { merchant: "winterthur", latitude: 47.5, longitude: 8.72 }
const TOKYO = { merchant: "tokyo", latitude: 35.68, longitude: 139.69 }
const ONLINE = { merchant: "online" }

type Paid = readonly [card: string, minutes: number, amount: string, place?: object]

const PAYMENTS: readonly Paid[] = [
  // Tried, with an ordinary payment between.
  ["tested", 0, "0.50"],
  ["tested", 1, "1.00"],
  ["tested", 2, "12.00"],
  ["tested", 3, "1.50"],
  ["tested", 4, "899.00"],
  // Two small ones are not enough, and these are too long apart.
  ["few", 0, "0.50"],
  ["few", 1, "1.00"],
  ["few", 2, "700.00"],
  ["slow", 0, "0.50"],
  ["slow", 1, "1.00"],
  ["slow", 2, "1.50"],
  ["slow", 11, "700.00"],
  // Zürich, online, Tokyo two hours later; back home a day later.
  ["far", 0, "30.00", ZURICH],
  ["far", 60, "30.00", ONLINE],
  ["far", 120, "30.00", TOKYO],
  ["far", 1_560, "30.00", ZURICH],
  // Twenty kilometres in two minutes are two shops of one chain with one clock.
  ["near", 0, "30.00", ZURICH],
  ["near", 2, "30.00", WINTERTHUR],
  // Five payments of about ten, then a hundred and fifty.
  ...[9, 10, 11, 10, 10].map((amount, k): Paid => ["usual", k, `${amount}.00`]),
  ["usual", 30, "99.00"],
  ["usual", 40, "300.00"],
  // Moves the watermark past all of them.
  ["later", 3_000, "20.00"],
]

function startExample(t: TestContext): Promise<Platform> {
  const data = mkdtempSync(join(tmpdir(), "millrace-fraud-"))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  return startPlatform({ projectDirectory: import.meta.dirname, dataDirectory: data, port: 0 })
}

test("misused cards are found, whatever order their payments come in", async (t) => {
  await using platform = await startExample(t)
  const rows = PAYMENTS.map(([card, minutes, amount, place = ONLINE], k) => {
    return { payment_id: `p-${k}`, card, amount, paid_at: at(minutes), ...place }
  })
  const body = [...rows.slice(0, -1).reverse(), ...rows.slice(-1)].map((row) => JSON.stringify(row))
  const response = await fetch(`${platform.url}/v1/events/payment`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: body.join("\n"),
  })
  const answer = (await response.json()) as { accepted: number }
  assert.equal(answer.accepted, PAYMENTS.length)
  assert.deepEqual(await rowsOf(platform.url, "card_testing", 1), [
    {
      card: "tested",
      began: "2026-03-02T10:00:00Z",
      hit_at: "2026-03-02T10:04:00Z",
      probes: "3",
      probed: "3.00",
      amount: "899.00",
      merchant: "online",
    },
  ])
  assert.deepEqual(await rowsOf(platform.url, "impossible_travel", 1), [
    {
      card: "far",
      seen_at: "2026-03-02T10:00:00Z",
      elsewhere_at: "2026-03-02T12:00:00Z",
      merchant: "zürich",
      next_merchant: "tokyo",
    },
  ])
  const [unusual, ...others] = await rowsOf(platform.url, "unusual_amounts", 1)
  assert.deepEqual([unusual?.["card"], unusual?.["amount"], others], ["usual", "300.00", []])
  const { verdict, reason } = await verifyView(platform.url, "card_testing")
  assert.equal(verdict, "cannot")
  assert.match(reason ?? "", /nothing that finds patterns/)
})

test("a match that began before a restart is found after it", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "millrace-fraud-"))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const options = { projectDirectory: import.meta.dirname, dataDirectory: data, port: 0 }
  const pay = async (url: string, payments: readonly Paid[]) => {
    const rows = payments.map(([card, minutes, amount]) => {
      return { payment_id: `${card}-${minutes}`, card, amount, paid_at: at(minutes), ...ONLINE }
    })
    const headers = { "content-type": "application/json" }
    const sent = await fetch(`${url}/v1/events/payment`, {
      method: "POST",
      headers,
      body: JSON.stringify(rows),
    })
    assert.equal(sent.status, 200)
  }
  {
    await using before = await startPlatform(options)
    await pay(before.url, [
      ["c", 0, "0.50"],
      ["c", 1, "1.00"],
      ["c", 2, "1.50"],
      ["d", 3, "20.00"],
    ])
    assert.deepEqual(await rowsOf(before.url, "card_testing", 0), [])
  }
  await using after = await startPlatform(options)
  await pay(after.url, [
    ["c", 4, "600.00"],
    ["d", 6, "20.00"],
  ])
  const rows = await rowsOf(after.url, "card_testing", 1)
  assert.deepEqual(
    rows.map(({ card, probes, amount }) => [card, probes, amount]),
    [["c", "3", "600.00"]],
  )
})

test("a card's limit doubles with each case, until it is quiet", async (t) => {
  await using platform = await startExample(t)
  const paid: readonly Paid[] = [
    ["c", 0, "600.00"],
    ["c", 60, "600.50"],
    ["c", 120, "700.00"],
    ["c", 180, "200.00"],
    // Six hours later it begins anew.
    ["c", 600, "1000.00"],
    ["d", 700, "20.00"],
  ]
  const rows = paid.map(([card, minutes, amount]) => {
    return { payment_id: `${card}-${minutes}`, card, amount, paid_at: at(minutes), ...ONLINE }
  })
  const sent = await fetch(`${platform.url}/v1/events/payment`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(rows),
  })
  assert.equal(sent.status, 200)
  const shown = (found: readonly Record<string, unknown>[]) =>
    found.map(({ card, level, spent, event_time }) => [card, level, spent, event_time]).sort()
  assert.deepEqual(shown(await rowsOf(platform.url, "cases", 2)), [
    ["c", 1, "1200.50", "2026-03-02T11:00:00Z"],
    ["c", 2, "2100.50", "2026-03-02T13:00:00Z"],
  ])
  assert.deepEqual(shown(await rowsOf(platform.url, "cases_closed", 1)), [
    ["c", 2, "2100.50", "2026-03-02T19:00:00Z"],
  ])
})

/** Rows come when the watermark is past them. */
async function rowsOf(url: string, view: string, count: number): Promise<Record<string, unknown>[]> {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(`${url}/v1/views/${view}/rows`)
    const { rows } = (await response.json()) as { rows: Record<string, unknown>[] }
    if (rows.length >= count || attempt === 100) return rows
    await sleep(50)
  }
}
