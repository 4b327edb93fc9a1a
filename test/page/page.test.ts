/**
 * The page in a real browser, against a twin of the platform's API: what people see and do, with the mouse,
 * with the keyboard alone, and in the terms of a screen reader. Run by `npm run test:page`.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Page } from "playwright-core"
import { auditContrast, auditStructure } from "./audit.ts"
import { card, focused, pageKit } from "./page-kit.ts"
import { startTwin } from "./twin.ts"

const kit = pageKit()
const { skip, open } = kit

test("it loads from its own host alone, without an error, and every view fills", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  for (const view of ["signups_per_plan_and_day", "delays_by_airport_hour", "worst_routes"]) {
    await card(page, view).scrollIntoViewIfNeeded()
    await card(page, view).locator("tbody tr").nth(9).waitFor()
  }
  assert.equal(await page.locator(".uplot canvas").count(), 2)
  assert.equal(await page.locator(".bar-row").count(), 14)
  assert.deepEqual(opened.complaints, [])
})

test("numbers move by themselves", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  const accepted = card(page, "flight").locator('.term[data-term="accepted"] strong')
  const before = await accepted.textContent()
  const total = async () =>
    (await card(page, "signups_per_plan_and_day").locator("tbody tr td:last-child").allTextContents())
      .slice(0, 4)
      .join()
  const rows = await total()
  await page.waitForFunction((text) => {
    const terms = document.querySelectorAll('.lane .term[data-term="accepted"] strong')
    return terms[1]?.textContent !== text
  }, before)
  await page.waitForTimeout(2_500)
  assert.notEqual(await total(), rows)
})

test("a test event is accepted and shown where it went", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  await page.getByLabel("plan", { exact: true }).selectOption("team")
  assert.match(await page.getByLabel("JSON to be sent").inputValue(), /"plan": "team"/)
  await page.getByRole("button", { name: "Send event" }).click()
  const answer = page.locator(".answer")
  await answer.getByText("Accepted.").waitFor()
  await answer.getByText("applied").waitFor()
  assert.deepEqual(await answer.locator(".arrival-row dd").first().allTextContents(), ["team"])
  const arrived = card(page, "signups_per_plan_and_day").locator("tr[data-arrived]")
  await arrived.waitFor()
  assert.equal(await arrived.locator("td").first().textContent(), "team")
  assert.deepEqual(opened.complaints, [])
})

test("a broken event says which field is wrong and why, and joins the list of refusals", {
  skip,
}, async () => {
  await using opened = await open()
  const { page } = opened
  await page.getByRole("button", { name: "Break it" }).click()
  await page.getByRole("button", { name: "Send event" }).click()
  const answer = page.locator(".answer")
  await answer.getByText("Rejected.").waitFor()
  assert.match((await answer.textContent()) ?? "", /timestamp.*is not a timestamp; write it like/)
  const refused = page.locator(".reject").first()
  await refused.getByText("is not a timestamp").waitFor()
  await refused.getByText("What was sent").click()
  assert.match((await refused.locator("pre").textContent()) ?? "", /yesterday, around noon/)
})

test("everything can be done with the keyboard alone", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  await page.keyboard.press("Tab")
  assert.equal(await focused(page), "a Skip to what flows")
  await page.keyboard.press("Enter")
  assert.equal(new URL(page.url()).hash, "#flow")
  await card(page, "signups_per_plan_and_day").locator("tbody tr").first().waitFor()

  await tabTo(page, "SQL of signups_per_plan_and_day")
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle)
  assert.equal(ring, "solid")
  await page.keyboard.press("Enter")
  await card(page, "signups_per_plan_and_day").getByText("GROUP BY plan").waitFor()

  await tabTo(page, "signups")
  await page.keyboard.press("Space")
  const head = card(page, "signups_per_plan_and_day").getByRole("columnheader", { name: "signups" })
  assert.equal(await head.getAttribute("aria-sort"), "descending")

  await tabTo(page, "Send event")
  await page.keyboard.press("Enter")
  await page.locator(".answer").getByText("Accepted.").waitFor()
})

/** Presses Tab until a control with this text has the focus. */
async function tabTo(page: Page, text: string): Promise<void> {
  const limit = 120
  for (let pressed = 0; pressed < limit; pressed++) {
    await page.keyboard.press("Tab")
    const found = await page.evaluate(() => document.activeElement?.textContent?.replace(/[↓↑]/g, "").trim())
    if (found === text) return
  }
  assert.fail(`Tab does not reach "${text}"`)
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`names, headings, tables and contrast are right in ${colorScheme}`, { skip }, async () => {
    await using opened = await open({ colorScheme })
    const { page } = opened
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
    for (const view of ["delays_by_airport_hour", "worst_routes"]) {
      await card(page, view).scrollIntoViewIfNeeded()
      await card(page, view).locator("tbody tr").first().waitFor()
    }
    await page.getByRole("button", { name: "Break it" }).click()
    await page.getByRole("button", { name: "Send event" }).click()
    await page.locator(".answer").getByText("Rejected.").waitFor()
    assert.deepEqual(await page.evaluate(auditStructure), [])
    const contrast = await page.evaluate(auditContrast)
    assert.deepEqual(contrast.problems, [])
    assert.ok(contrast.textsChecked > 200, `${contrast.textsChecked} texts`)
  })
}

test("the audit finds what is wrong", { skip }, async () => {
  await using opened = await open()
  const { page } = opened
  await page.evaluate(() => {
    document
      .querySelector("main")
      ?.insertAdjacentHTML(
        "beforeend",
        '<h5>deep</h5><input><table><tr><th>x</th></tr></table><p style="color:#999">pale</p>',
      )
  })
  const contrast = await page.evaluate(auditContrast)
  const problems = [...(await page.evaluate(auditStructure)), ...contrast.problems]
  for (const part of ["skips a level", "no name: <input", "without a caption", "without scope", "pale"]) {
    assert.ok(
      problems.some((problem) => problem.includes(part)),
      `${part} in ${problems.join("; ")}`,
    )
  }
})

test("a telephone's width needs no scrolling sideways", { skip }, async () => {
  await using opened = await open({ width: 380 })
  const { page } = opened
  await card(page, "worst_routes").scrollIntoViewIfNeeded()
  await card(page, "worst_routes").locator("tbody tr").first().waitFor()
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  assert.equal(width, 380)
})

test("a lost platform is said and found again", { skip }, async () => {
  const first = await startTwin({ page: kit.built, port: 0 })
  await using opened = await open({ url: first.url })
  const { page } = opened
  await card(page, "signups_per_plan_and_day").locator("tbody tr").first().waitFor()
  await first[Symbol.asyncDispose]()
  await page.getByText("No connection to the platform.").waitFor()
  await page.getByText("Connection lost").waitFor()
  assert.ok((await card(page, "signups_per_plan_and_day").locator("tbody tr").count()) > 9, "rows stay")
  await using again = await startTwin({ page: kit.built, port: first.port })
  await page.getByText("Live", { exact: true }).waitFor()
  assert.equal(await page.getByText("No connection to the platform.").count(), 0)
  const epochs = again.state.epoch
  await page.waitForTimeout(3_000)
  assert.ok(again.state.watchers.size > 0, `the change streams are open again (epoch ${epochs})`)
})

test("a project that declares nothing is told what to write", { skip }, async () => {
  await using empty = await startTwin({ page: kit.built, port: 0, declared: false })
  await using opened = await open({ url: empty.url })
  await opened.page.getByText("This project declares no event yet.").waitFor()
  await opened.page.getByText("This project declares no view yet.").waitFor()
  assert.deepEqual(opened.complaints, [])
})
