/**
 * Any number leads to the events behind it, and any event to where it went: with the mouse and with the
 * keyboard, in a real browser.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Locator, Page } from "playwright-core"
import { auditContrast, auditStructure } from "./audit.ts"
import { card, focused, pageKit, sheet } from "./page-kit.ts"
import { differentCheck } from "./twin-checks.ts"

const kit = pageKit()
const { skip, open } = kit
const HOURS = "delays_by_airport_hour"
const SIGNUPS = "signups_per_plan_and_day"

test("a row leads to its events and to those left out, an event to its views, and Back returns", {
  skip,
}, async () => {
  await using opened = await open()
  const { page } = opened
  await card(page, HOURS).locator("tbody tr").first().locator("td").nth(2).click()
  const why = sheet(page, "Why this row")
  await why.getByText("Events behind it 20+").waitFor()
  assert.equal(
    await why
      .getByRole("region", { name: /^Events behind it/ })
      .locator("li")
      .count(),
    20,
  )
  const left = why.getByRole("region", { name: /^Left out of it/ })
  assert.match(
    (await left.locator("li").first().textContent()) ?? "",
    /late.*its window \[2001-01-03T02:00, \+1 h\) closed/,
  )
  await why.getByRole("button", { name: "More" }).click()
  await why.getByText("Events behind it 57").waitFor()
  await why.getByRole("button", { name: "Where it went: flight, partition 0, offset 1,000" }).click()
  const event = sheet(page, "Where this event went")
  await event.getByText("applied", { exact: true }).first().waitFor()
  assert.match((await event.textContent()) ?? "", /"9007199254740993"/, "digits as the producer sent them")
  await event.getByRole("button", { name: "The row it is in" }).first().waitFor()
  await event.getByRole("button", { name: "Back" }).click()
  await why.waitFor()
  assert.deepEqual(opened.complaints, [])
})

test("the keyboard alone goes through rows, asks, and comes back to the row it asked of", {
  skip,
}, async () => {
  await using opened = await open()
  const { page } = opened
  const row = await askThirdRow(page, SIGNUPS)
  assert.equal(await card(page, SIGNUPS).locator('.row-button[tabindex="0"]').count(), 1, "one stop of Tab")
  await page.keyboard.press("Escape")
  await sheet(page, "Why this row").waitFor({ state: "detached" })
  assert.equal(await focused(page), row)
})

test("a row that left its table while it was asked of gives the focus to the table", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  await askThirdRow(page, HOURS)
  const row = await rowNames(page, HOURS).nth(2).elementHandle()
  for (let hour = 0; hour < 4; hour++) kit.twin.state.hourOfFlights()
  await page.waitForFunction((element) => element?.isConnected !== true, row)
  await page.keyboard.press("Escape")
  await card(page, HOURS).locator('.row-button[tabindex="0"]:focus').waitFor()
})

test("late rows are listed page by page, with reason, and sent again", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  await card(page, HOURS).getByRole("button", { name: "61 late" }).click()
  const late = sheet(page, "Events that came late")
  await late.locator(".record").nth(49).waitFor()
  assert.equal(await late.locator(".record").count(), 50)
  await late.getByRole("button", { name: "More", exact: true }).click()
  await late.locator(".record").nth(60).waitFor()
  await late.getByRole("button", { name: "Send again: offset 4100 of partition 0" }).click()
  await late.locator(".record").first().getByText("sent again by replay").waitFor()
  const sent = JSON.parse(kit.twin.state.sent.at(-1) ?? "{}") as unknown
  assert.deepEqual(sent, {
    view: HOURS,
    verdict: "late",
    rows: [{ event: "flight", partition: 0, offset: 4_100 }],
  })
})

test("failed rows say what failed", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  await card(page, HOURS).getByRole("button", { name: "2 failed" }).click()
  const failed = sheet(page, "Events that failed")
  await failed.locator(".record").nth(1).waitFor()
  assert.match((await failed.textContent()) ?? "", /division by zero/)
})

test("what holds a view back is named by source and partition", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  await card(page, HOURS)
    .getByRole("button", { name: /What holds it back/ })
    .click()
  const held = sheet(page, "What holds this view back").locator("tr[data-holds]")
  await held.waitFor()
  assert.match((await held.textContent()) ?? "", /^2.*holds the watermark$/)
  await sheet(page, "What holds this view back")
    .getByText("Partition 2 of flight is the furthest behind")
    .waitFor()
})

test("the newest events of a stream come one by one and can be held still", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  await card(page, "flight")
    .getByRole("button", { name: /accepted/ })
    .click()
  const newest = sheet(page, "Newest events")
  await newest.locator(".record").nth(1).waitFor()
  await newest.getByRole("button", { name: "Hold still" }).click()
  const count = await newest.locator(".record").count()
  await page.waitForTimeout(1_500)
  assert.equal(await newest.locator(".record").count(), count)
})

test("a check is run now, stands beside its view, and shows where the engines differ", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  const { state } = kit.twin
  await card(page, "worst_routes")
    .getByRole("button", { name: /Second engine.*equal/ })
    .waitFor()
  state.nextCheck.set(HOURS, differentCheck(state, HOURS))
  await card(page, HOURS)
    .getByRole("button", { name: /not checked yet/ })
    .click()
  const check = sheet(page, "Checked against the second engine")
  await check.getByRole("button", { name: "Compare now" }).click()
  await check.getByText("different in 7 rows").waitFor()
  const differing = check.locator("[data-differs]").first()
  assert.match((await differing.textContent()) ?? "", /^flights/)
  await page.keyboard.press("Escape")
  await card(page, HOURS)
    .getByRole("button", { name: /different/ })
    .waitFor()
})

test("the sums add up, and a row that vanishes is said at once and in words", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  const door = card(page, "user_signup").getByRole("region", { name: "Balance of user_signup at the door" })
  const words = (await door.locator(".equation").textContent()) ?? ""
  const numbers = [...words.matchAll(/[\d,]+(?= )/g)].map(([text]) => Number(text.replaceAll(",", "")))
  const [received, ...parts] = numbers
  assert.equal(parts.length, 4, words)
  assert.equal(
    parts.reduce((sum, part) => sum + part, 0),
    received,
  )
  assert.equal(await page.locator(".balance-alarm").count(), 0)
  kit.twin.state.lost = 37
  try {
    const alarm = card(page, HOURS).getByRole("alert")
    await alarm.getByText("37 rows appended and not accounted for.").waitFor()
    assert.equal(await card(page, HOURS).getByText("adds up").count(), 0)
    assert.equal(await card(page, "worst_routes").getByRole("alert").count(), 0)
  } finally {
    kit.twin.state.lost = 0
  }
  await card(page, HOURS).getByText("adds up").waitFor()
})

test("a number says what it counts, and leads to the events and to the SQL box", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  await card(page, "worst_routes").getByRole("button", { name: "0 filtered" }).click()
  const term = sheet(page, "What this counts")
  await term.getByText("Left out by the view's SQL.").waitFor()
  assert.match((await term.locator("pre").textContent()) ?? "", /^SELECT origin, destination[\s\S]*HAVING/)
  await term.getByRole("button", { name: "Ask of flight in SQL" }).click()
  await term.waitFor({ state: "detached" })
  const editor = page.getByRole("textbox", { name: "SQL query" })
  assert.match(await editor.inputValue(), /^SELECT \*\nFROM events\.flight\n/)
  await page.waitForFunction(() => document.activeElement?.localName === "textarea")
})

test("a bar and a point of a line lead to their rows", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  await card(page, "worst_routes").scrollIntoViewIfNeeded()
  const bar = card(page, "worst_routes").locator(".bar-row").first()
  const [origin, destination] = ((await bar.locator(".bar-name").textContent()) ?? "").split(" → ")
  await bar.locator(".bar").click()
  const why = sheet(page, "Why this row")
  await why.getByText("Events behind it").waitFor()
  assert.deepEqual((await why.locator(".row-facts dd").allTextContents()).slice(0, 2), [origin, destination])
  await page.keyboard.press("Escape")
  await card(page, HOURS)
    .locator(".u-over")
    .click({ position: { x: 120, y: 60 } })
  await why.getByText("Events behind it").waitFor()
  assert.equal(await why.locator(".row-facts dt").first().textContent(), "origin")
})

test("the drawing of a sum ends where its whole ends", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  const ends = await page.locator(".balance-drawing").evaluateAll((drawings) =>
    drawings.map((drawing) => {
      const end = (part: Element | null | undefined): number => part?.getBoundingClientRect().right ?? 0
      const whole = end(drawing.querySelector(".balance-whole"))
      return Math.abs(whole - end(drawing.querySelector(".balance-parts")?.lastElementChild))
    }),
  )
  assert.equal(ends.length, 5)
  for (const apart of ends) assert.ok(apart < 1, `${apart} px apart`)
})

for (const colorScheme of ["light", "dark"] as const) {
  test(`the sheet's names and contrast are right in ${colorScheme}`, { skip }, async () => {
    await using opened = await open({ colorScheme })
    const { page } = opened
    const { state } = kit.twin
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
    state.nextCheck.set(HOURS, differentCheck(state, HOURS))
    const ways: readonly (() => Promise<void>)[] = [
      () => card(page, HOURS).locator("tbody tr").first().click(),
      () => card(page, HOURS).getByRole("button", { name: "61 late" }).click(),
      () =>
        card(page, HOURS)
          .getByRole("button", { name: /What holds it back/ })
          .click(),
      async () => {
        await card(page, HOURS)
          .getByRole("button", { name: /Second engine/ })
          .click()
        await page.getByRole("button", { name: "Compare now" }).click()
      },
    ]
    for (const ask of ways) {
      await ask()
      await page.locator(".sheet .record, .sheet .framed, .sheet .difference").first().waitFor()
      assert.deepEqual(await page.evaluate(auditStructure), [])
      assert.deepEqual((await page.evaluate(auditContrast)).problems, [])
      await page.keyboard.press("Escape")
    }
  })
}

test("a telephone shows the sheet without scrolling sideways", { skip }, async () => {
  await using opened = await open({ width: 380 })
  const { page } = opened
  const { state } = kit.twin
  state.nextCheck.set(HOURS, differentCheck(state, HOURS))
  await card(page, HOURS)
    .getByRole("button", { name: /Second engine/ })
    .click()
  await page.getByRole("button", { name: "Compare now" }).click()
  await page.locator(".difference").first().waitFor()
  const widths = await page.locator(".sheet").evaluate((dialog) => [dialog.scrollWidth, innerWidth])
  assert.ok((widths[0] ?? 0) <= (widths[1] ?? 0), widths.join(" > "))
})

test("fifty changes a second neither move what stands still nor paint every row", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  const plans = card(page, "signups_per_plan_and_day")
  await plans.locator("tbody tr").nth(9).waitFor()
  await page.evaluate(() => {
    const seen = { shifts: 0, rows: 0 }
    Object.assign(globalThis, { seen })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, hadRecentInput } = entry as PerformanceEntry & {
          value: number
          hadRecentInput: boolean
        }
        if (!hadRecentInput) seen.shifts += value
      }
    }).observe({ type: "layout-shift" })
    const table = document.querySelector(".view tbody")
    if (table === null) throw new Error("no table")
    const rows = new Set<Node>()
    new MutationObserver((changes) => {
      for (const { target } of changes) rows.add((target as Element).parentElement?.closest("tr") ?? target)
      seen.rows = rows.size
    }).observe(table, { subtree: true, characterData: true, attributes: true })
  })
  const today = Math.floor(Date.now() / 86_400_000) * 86_400_000
  for (let change = 0; change < 100; change++) {
    kit.twin.state.epoch++
    kit.twin.state.signup("team", today, 1)
    await page.waitForTimeout(20)
  }
  const seen = await page.evaluate(() => (globalThis as unknown as { seen: Record<string, number> }).seen)
  assert.ok((seen["shifts"] ?? 1) < 0.01, `layout shifts: ${seen["shifts"]}`)
  assert.ok((seen["rows"] ?? 0) >= 1 && (seen["rows"] ?? 99) <= 6, `rows painted: ${seen["rows"]}`)
})

/** The names of a table's rows, which are its buttons. */
function rowNames(page: Page, view: string): Locator {
  return card(page, view).locator(".row-button")
}

/** Goes to the third row and asks of it, by keyboard. Resolves with what had the focus. */
async function askThirdRow(page: Page, view: string): Promise<string> {
  await rowNames(page, view).nth(2).waitFor()
  await rowNames(page, view).first().focus()
  await page.keyboard.press("ArrowDown")
  await page.keyboard.press("ArrowDown")
  const row = await focused(page)
  await page.keyboard.press("Enter")
  await sheet(page, "Why this row").waitFor()
  assert.equal(await focused(page), "h2 Why this row")
  return row
}
