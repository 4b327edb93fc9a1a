/**
 * Every code that a program, a log line or a user can meet is explained in docs/errors.md, and nothing else
 * is.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { declaredCodes, ERRORS_FILE } from "./error-codes.ts"
import { assertNone } from "./none-of.ts"
import { ROOT } from "./source-files.ts"

const declared = declaredCodes()
const text = readFileSync(join(ROOT, "docs/errors.md"), "utf8")
const documented = [...text.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, code]) => code!)

test("every error code is documented", () => {
  const known = new Set(documented)
  const missing = declared.flatMap(({ path, codes }) =>
    codes.filter((code) => !known.has(code)).map((c) => `${c} (${path})`),
  )
  assertNone(missing, "every error code stands in docs/errors.md")
})

test("every documented code exists, and has one line", () => {
  const known = new Set(declared.flatMap(({ codes }) => codes))
  assertNone(
    documented.filter((code) => !known.has(code)),
    "docs/errors.md explains codes that exist",
  )
  assertNone(
    documented.filter((code, index) => documented.indexOf(code) !== index),
    "docs/errors.md explains a code once",
  )
})

test("an errors file has one factory for each of its codes", () => {
  const twice = declared
    .filter(({ path }) => ERRORS_FILE.test(path))
    .flatMap(({ path, codes }) =>
      codes.filter((code, i) => codes.indexOf(code) !== i).map((code) => `${code} (${path})`),
    )
  assertNone(twice, "a code has one factory")
})
