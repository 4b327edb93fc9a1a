import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { CATALOGUE } from "../../src/expr/catalogue/catalogue.ts"
import { functionsPage, PAGE } from "./functions-page.ts"

test("docs/functions.md lists what the catalogue has", () => {
  const page = readFileSync(PAGE, "utf8")
  assert.equal(page, functionsPage(page), "run node test/expressions/functions-page.ts")
  for (const { signature } of CATALOGUE) assert.ok(page.includes(`\`${signature}\``), signature)
})
