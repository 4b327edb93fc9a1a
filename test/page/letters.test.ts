/** Dead letters in a real browser: read, mended, sent back, tried again, discarded. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { pageKit, sheet } from "./page-kit.ts"
import { startTwin } from "./twin.ts"

const kit = pageKit()
const { skip, open } = kit

test("a letter is mended beside what the contract wants, sent back, and listed as replayed", {
  skip,
}, async () => {
  await using twin = await startTwin({ page: kit.built, port: 0 })
  await using opened = await open({ url: twin.url })
  const { page } = opened
  const section = page.getByRole("region", { name: "Dead letters" })
  await section.scrollIntoViewIfNeeded()
  await section.locator(".letter").nth(2).waitFor()
  await section.getByRole("button", { name: "Edit and replay: user_signup, row 41" }).click()

  const bench = sheet(page, "Edit and replay")
  const editor = bench.getByLabel("JSON to be sent back")
  const text = await editor.inputValue()
  assert.match(text, /\n {2}"timestamp": "03\/11\/2026",\n/, "laid out for editing")
  assert.match((await bench.locator("[data-wrong]").textContent()) ?? "", /timestamp.*event time/)

  await editor.fill(text.replace('"event_id": "e-8812",', '"colour": "red",'))
  assert.match((await bench.locator('[data-state="missing"]').textContent()) ?? "", /event_id.*missing/)
  assert.match((await bench.locator('[data-state="unknown"]').textContent()) ?? "", /colour/)
  await editor.fill("{")
  assert.equal(await editor.getAttribute("aria-invalid"), "true")
  assert.equal(await bench.getByRole("button", { name: "Send back" }).getAttribute("aria-disabled"), "true")

  await editor.fill(text)
  await editor.press("Control+Enter")
  await bench.getByText("Refused again.").waitFor()
  await editor.fill(text.replace("03/11/2026", "2026-11-03T08:00:00Z").replace("1\n}", "9007199254740993\n}"))
  await editor.press("Control+Enter")
  await bench.getByText("Sent back.").waitFor()
  assert.match(twin.state.sent.at(-1) ?? "", /"schema_version": 9007199254740993/, "digits stay as written")

  await page.keyboard.press("Escape")
  await section.getByText("replayed 1").waitFor()
  assert.equal(await section.locator(".letter").count(), 2)
  await section.getByRole("radio", { name: /replayed/ }).check()
  await section.getByText("by replay re-2").waitFor()
  assert.deepEqual(opened.complaints, [])
})

test("a letter is discarded, and what is left is sent again after a second press", { skip }, async () => {
  await using twin = await startTwin({ page: kit.built, port: 0 })
  await using opened = await open({ url: twin.url })
  const { page } = opened
  const section = page.getByRole("region", { name: "Dead letters" })
  await section.scrollIntoViewIfNeeded()
  await section.getByRole("button", { name: "Discard: user_signup, row 43" }).click()
  await section.getByText("discarded 1").waitFor()
  for (const letter of twin.state.letters) {
    if (letter.index === 41) Object.assign(letter, { text: letter.text.replace("03/11/2026", "2026-11-03") })
  }
  await section.getByLabel("Event").selectOption("user_signup")
  await section.getByRole("button", { name: "Replay all of user_signup" }).click()
  assert.equal(twin.state.sent.length, 0, "the first press only asks")
  await section.getByRole("button", { name: "Yes, send all 2 again" }).click()
  await section.getByText("Nothing waits here.").waitFor()
  await section.getByText("replayed 2").waitFor()
  assert.deepEqual(JSON.parse(twin.state.sent[0] ?? ""), { event: "user_signup", all: true })
})
