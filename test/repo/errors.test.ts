/**
 * Every code that a program, a log line or a user can meet is explained in docs/errors.md, and nothing else
 * is. A code is the kebab-case string of a `code:` property, or the first argument of a factory in a room's
 * errors file.
 */
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { scanCode } from "./scan-code.ts"
import { codeFiles, ROOT } from "./source-files.ts"

const CODE = /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/
const ERRORS_FILE = /\/([a-z-]+-)?(errors|unsupported|rejections)\.ts$/

const declared = codeFiles()
  .filter(({ path }) => path.startsWith("src/") && !path.endsWith(".test.ts"))
  .map(({ path, text }) => ({ path, codes: declaredCodes(path, text) }))
const documented = [
  ...readFileSync(join(ROOT, "docs/errors.md"), "utf8").matchAll(/^\| `([a-z0-9-]+)` \|/gm),
].map(([, code]) => code!)

test("every error code is documented", () => {
  const known = new Set(documented)
  const missing = declared.flatMap(({ path, codes }) =>
    codes.filter((code) => !known.has(code)).map((code) => `${code} (${path})`),
  )
  assert.deepEqual(missing, [])
})

test("every documented code exists, and each has one line", () => {
  const known = new Set(declared.flatMap(({ codes }) => codes))
  assert.deepEqual(
    documented.filter((code) => !known.has(code)),
    [],
  )
  assert.deepEqual(
    documented.filter((code, index) => documented.indexOf(code) !== index),
    [],
  )
})

test("an errors file has one factory for each of its codes", () => {
  const twice = declared
    .filter(({ path }) => ERRORS_FILE.test(path))
    .flatMap(({ path, codes }) => {
      return codes.filter((code, index) => codes.indexOf(code) !== index).map((code) => `${code} (${path})`)
    })
  assert.deepEqual(twice, [])
})

function declaredCodes(path: string, text: string): string[] {
  const { code } = scanCode(text)
  const strings = ERRORS_FILE.test(path) ? /(?:\bcode:|\w\()\s*"/g : /\bcode:\s*"/g
  return [...code.matchAll(strings)]
    .map((match) => match.index + match[0].length)
    .map((start) => text.slice(start, text.indexOf('"', start)))
    .filter((string) => CODE.test(string))
}
