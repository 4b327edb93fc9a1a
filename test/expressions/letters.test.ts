import assert from "node:assert/strict"
import { test } from "node:test"
import { simpleLower, simpleUpper } from "../../src/expr/values/case-mapping.ts"
import { ExpressionOracle } from "./expression-oracle.ts"

/** Letters of a Unicode version that only one side knows. */
const MAX_UNKNOWN = 100

test("letters change case as PostgreSQL's builtin C.UTF-8 has it, over all of Unicode", async () => {
  await using oracle = await ExpressionOracle.open()
  const rows = await oracle.rows<{ c: number; lower: number; upper: number }>(
    `select c, ascii(lower(x)) as lower, ascii(upper(x)) as upper
     from generate_series(1, 1114111) c, lateral (select chr(c) collate pg_c_utf8 as x) t
     where c not between 55296 and 57343 and (lower(x) <> x or upper(x) <> x)`,
  )
  const known = new Map(rows.map((row) => [row.c, row]))
  let unknown = 0
  for (let code = 1; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code < 0xe000) continue
    const character = String.fromCodePoint(code)
    const [lower, upper] = [simpleLower(character).codePointAt(0), simpleUpper(character).codePointAt(0)]
    const row = known.get(code)
    if (row === undefined) {
      if (lower !== code || upper !== code) unknown++
    } else assert.deepEqual([lower, upper], [row.lower, row.upper], `U+${code.toString(16)}`)
  }
  assert.ok(known.size > 2_500, `${known.size} letters have a case`)
  assert.ok(unknown < MAX_UNKNOWN, `${unknown} letters have a case for us only`)
})
