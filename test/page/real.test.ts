/**
 * The main path over a real platform, not its twin: from a number to the events behind it, to where one of
 * them went, and back to the number. The project is the example of flights with a few flights in it.
 */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { bindProject } from "../../src/plan/bind-project.ts"
import { loadProject } from "../../src/platform/load-project.ts"
import { openCore } from "../../src/platform/open-core.ts"
import { openServices } from "../../src/platform/open-services.ts"
import { startHttp } from "../../src/serve/http/server.ts"
import { card, pageKit, sheet } from "./page-kit.ts"

const FLIGHTS = join(import.meta.dirname, "../../examples/flights")
const HOURS = "delays_by_airport_hour"
/** Longer than anybody waits; the store stops it by its own limit of time at last. */
const FOREVER = "SELECT sum(cityHash64(number)) FROM numbers(1000000000000)"

const kit = pageKit()
const closing = new AsyncDisposableStack()
let url = ""
let noStore: string | null = null

before(async () => {
  if (kit.skip !== false) return
  await kit.ready
  const directory = mkdtempSync(join(tmpdir(), "millrace-real-"))
  closing.defer(() => rmSync(directory, { recursive: true, force: true }))
  const { config, events: contracts, views } = await loadProject(FLIGHTS)
  const { plans, problems } = await bindProject({ events: contracts, views })
  assert.deepEqual(problems, [])
  const core = await openCore({ config, contracts, plans, data: directory, report: () => {} }, closing)
  const services = await openServices(core, "flights", closing)
  const { runtime, clock, scheduler } = core
  const door = { runtime, clock, scheduler, ...services, project: "flights" }
  const server = await startHttp({ ...door, port: 0, pageDirectory: kit.built, version: "0" })
  closing.defer(() => server.close())
  url = `${server.url}/`
  noStore = await storeProblem()
  if (noStore !== null)
    console.log(`\nNo store, so the page was NOT tested over a real platform: ${noStore}\n`)
  const receipt = await send()
  for (const { name } of plans) await fetch(`${url}v1/views/${name}/rows?after=${receipt}&timeout_ms=10000`)
})
after(() => closing.disposeAsync())

/** Null once the store is ready. */
async function storeProblem(): Promise<string | null> {
  for (;;) {
    const { state, reason } = (await (await fetch(`${url}v1/store`)).json()) as {
      state: string
      reason: string | null
    }
    if (state === "ready") return null
    if (state === "off" || state === "unavailable") return reason ?? state
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Twelve flights of an hour from ATL, two routes. */
async function send(): Promise<string> {
  const rows = Array.from({ length: 12 }, (_, n) => ({
    flight_id: n + 1,
    scheduled_at: `2001-01-03T14:${String(n).padStart(2, "0")}:00Z`,
    delay_minutes: n,
    distance_miles: 760,
    origin: "ATL",
    destination: n < 10 ? "LGA" : "BOS",
  }))
  const answer = await fetch(`${url}v1/events/flight`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(rows),
  })
  const { accepted, receipt } = (await answer.json()) as { accepted: number; receipt: string }
  assert.equal(accepted, rows.length)
  return receipt
}

test("a number leads to the events behind it, an event to what every view made of it", {
  skip: kit.skip,
}, async (t) => {
  if (noStore !== null) return t.skip(noStore)
  await using opened = await kit.open({ url })
  const { page } = opened
  await card(page, HOURS).getByText("12 applied").waitFor()
  await card(page, HOURS).locator("tbody tr").first().locator("td").nth(2).click()
  const why = sheet(page, "Why this row")
  await why.getByText("Events behind it 12").waitFor()
  const first = why.getByRole("region", { name: /^Events behind it/ }).locator("li")
  assert.equal(await first.count(), 12)
  await first.first().getByRole("button", { name: "Where it went" }).click()
  const event = sheet(page, "Where this event went")
  await event.getByText("applied").nth(3).waitFor()
  const told = await event.locator(".fates > li").allTextContents()
  assert.deepEqual(
    told.map((text) => /^(\w+?)applied/.exec(text)?.[1]),
    [HOURS, "worst_routes", "late_share_by_day", "flights_per_day"].sort(),
  )
  await event.getByRole("button", { name: `The row it is in in ${HOURS}` }).click()
  await why.getByText("Events behind it 12").waitFor()
  assert.deepEqual(opened.complaints, [])
})

test("the second engine is asked, and agrees", { skip: kit.skip }, async (t) => {
  if (noStore !== null) return t.skip(noStore)
  await using opened = await kit.open({ url })
  const { page } = opened
  await card(page, HOURS)
    .getByRole("button", { name: /^Second engine/ })
    .click()
  const check = sheet(page, "Checked against the second engine")
  await check.getByRole("button", { name: "Compare now" }).click()
  await check.getByText("1 row compared with 12 events").waitFor()
  await check.getByText("equal", { exact: false }).first().waitFor()
  assert.deepEqual(opened.complaints, [])
})

test("Escape ends a slow query in the store, and the page says so", { skip: kit.skip }, async (t) => {
  if (noStore !== null) return t.skip(noStore)
  await using opened = await kit.open({ url, expected: [409] })
  const { page } = opened
  const editor = page.getByRole("textbox", { name: "SQL query" })
  const line = page.locator(".query-line")
  const running = async () => {
    const { queries } = (await (await fetch(`${url}v1/queries`)).json()) as { queries: { sql: string }[] }
    return queries.map(({ sql }) => sql)
  }
  await editor.fill(FOREVER)
  await editor.press("Control+Enter")
  await line.getByText("Running").waitFor()
  while ((await running()).length === 0) await page.waitForTimeout(20)
  assert.deepEqual(await running(), [FOREVER])
  await page.keyboard.press("Escape")
  await line.getByText("Cancelled after").waitFor()
  while ((await running()).length > 0) await page.waitForTimeout(20)
  // The store has ended it, too: it answers the next one at once.
  await editor.fill("SELECT count() AS flights FROM events.flight")
  await editor.press("Control+Enter")
  await line.getByText("1 row in").waitFor()
  assert.deepEqual(opened.complaints, [])
})
