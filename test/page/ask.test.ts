/** The SQL box in a real browser: run, cancel, follow, download, and each way in which there is no answer. */
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import type { Page } from "playwright-core"
import { pageKit, sheet } from "./page-kit.ts"
import { SLOW_WORD } from "./twin-storage.ts"

const kit = pageKit()
const { skip, open } = kit

const editor = (page: Page) => page.getByRole("textbox", { name: "SQL query" })
const line = (page: Page) => page.locator(".query-line")

async function ask(page: Page, sql: string): Promise<void> {
  await editor(page).fill(sql)
  await editor(page).press("Control+Enter")
}

test("an example runs with Ctrl + Enter and answers with types, rows and time", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  await page.getByRole("button", { name: "flight by origin" }).click()
  assert.equal(
    await editor(page).inputValue(),
    "SELECT origin, count() AS events, max(scheduled_at) AS newest\nFROM events.flight\n" +
      "GROUP BY origin\nORDER BY events DESC\nLIMIT 20",
  )
  await editor(page).press("Control+Enter")
  await line(page).getByText("rows in").waitFor()
  assert.match((await line(page).textContent()) ?? "", /^20 rows in [\d.]+ m?s · read /)
  const head = page.locator("table.result thead")
  assert.match((await head.textContent()) ?? "", /flight_idInt64.*destinationNullable\(String\)/)
  const cells = page.locator("table.result tbody tr").first().locator("td")
  assert.equal(await cells.nth(1).textContent(), "9,007,199,254,740,993", "an int64 keeps its digits")
  assert.deepEqual(opened.complaints, [])
})

test("a row that has its place in the log can be followed", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  await ask(page, "SELECT * FROM events.flight LIMIT 20")
  await page.getByRole("button", { name: "Where it went: partition 0, offset 1000" }).first().click()
  await sheet(page, "Where this event went").getByText("partition 0, offset 1,000").waitFor()
})

test("Escape cancels a running query at the platform, and the page says so", { skip }, async () => {
  await using opened = await open({ expected: [409] })
  const { page } = opened
  await ask(page, `SELECT ${SLOW_WORD}(3) FROM events.flight`)
  await line(page).getByText("Running").waitFor()
  await page.keyboard.press("Escape")
  await line(page).getByText("Cancelled after").waitFor()
  const sent = JSON.parse(kit.twin.state.sent.at(-1) ?? "{}") as { query_id: string }
  for (let tries = 0; tries < 40 && kit.twin.state.cancelled.length === 0; tries++)
    await page.waitForTimeout(50)
  assert.deepEqual(kit.twin.state.cancelled, [sent.query_id])
})

test("an error shows its line, marks the word and leads the cursor to it", { skip }, async () => {
  await using opened = await open({ expected: [400] })
  const { page } = opened
  await ask(page, "SELECT *\nFRMO events.flight")
  const problem = page.locator(".query-problem")
  await problem.getByText("The query did not run.").waitFor()
  assert.equal(await problem.locator("mark").textContent(), "FRMO")
  await problem.getByRole("button", { name: "Go to line 2, column 1" }).click()
  await page.waitForFunction(() => document.activeElement?.localName === "textarea")
  const selected = await page.evaluate(() => {
    const area = document.activeElement as HTMLTextAreaElement
    return area.value.slice(area.selectionStart, area.selectionEnd)
  })
  assert.equal(selected, "FRMO")
})

test("what is refused and a store that is down are told apart from a wrong query", { skip }, async () => {
  await using opened = await open({ expected: [400, 503] })
  const { page } = opened
  const problem = page.locator(".query-problem")
  await ask(page, "SELECT * FROM system.processes")
  await problem.getByText("Not allowed.").waitFor()
  assert.match((await problem.textContent()) ?? "", /system\.processes is not for queries/)
  kit.twin.state.storeDown = "chDB has no build for this machine"
  try {
    await ask(page, "SELECT 1 FROM events.flight")
    await problem.getByText("Queries need the store.").waitFor()
    assert.match((await problem.textContent()) ?? "", /chDB has no build for this machine/)
  } finally {
    kit.twin.state.storeDown = null
  }
  await ask(page, "SELECT 1 FROM events.flight LIMIT 0")
  await page.getByText("No rows.").waitFor()
  assert.equal(await problem.count(), 0)
})

test("queries are remembered over a reload, the newest first, and Alt + ↑ brings them back", {
  skip,
}, async () => {
  await using opened = await open()
  const { page } = opened
  await ask(page, "SELECT 1 FROM events.flight")
  await ask(page, "SELECT 2 FROM events.flight")
  await line(page).getByText("rows in").waitFor()
  await page.reload()
  await page.getByText("Live", { exact: true }).waitFor()
  await page.getByText("Asked before").click()
  const before = await page.locator(".history li").allTextContents()
  assert.deepEqual(before.slice(0, 2), ["SELECT 2 FROM events.flight", "SELECT 1 FROM events.flight"])
  await editor(page).fill("unfinished")
  await editor(page).press("Alt+ArrowUp")
  await editor(page).press("Alt+ArrowUp")
  assert.equal(await editor(page).inputValue(), "SELECT 1 FROM events.flight")
  await editor(page).press("Alt+ArrowDown")
  await editor(page).press("Alt+ArrowDown")
  assert.equal(await editor(page).inputValue(), "unfinished")
})

test("the whole answer comes as a file", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  await ask(page, "SELECT origin, flights FROM views.worst_routes")
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download as CSV" }).click(),
  ])
  assert.equal(download.suggestedFilename(), "result.csv")
  assert.equal(readFileSync((await download.path()) ?? "", "utf8"), "origin,flights\nATL,42\n")
  assert.deepEqual(opened.complaints, [])
})

test("store and lake say how far they are, and why not", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  const store = page.getByRole("article", { name: "Hot store" })
  await store.scrollIntoViewIfNeeded()
  await store.getByText("events.flight").waitFor()
  await store.getByText("ready").waitFor()
  const lake = page.getByRole("article", { name: "Lake", exact: true })
  assert.match(
    (await lake.textContent()) ?? "",
    /flight3 snapshots, newest 2026-11-03 09:30.*[0-9,]+ of [0-9,]+ archived · 14 files/,
  )
  kit.twin.state.storeDown = "the host process ended with signal 9; it is started again"
  try {
    await store.getByText("the host process ended with signal 9").waitFor()
    await store.getByText("unavailable", { exact: true }).first().waitFor()
  } finally {
    kit.twin.state.storeDown = null
  }
})
