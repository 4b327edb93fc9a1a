import assert from "node:assert/strict"
import { test } from "node:test"
import { functionLengths } from "./function-lengths.ts"
import { importsOf, scanCode } from "./scan-code.ts"

test("comments and the insides of strings are blank, and every position stays", () => {
  const cases: [text: string, code: string][] = [
    ["a // b", "a     "],
    ["a /* b\nc */ d", "a     \n     d"],
    ['\'a\' + "b\\"c"', "' ' + \"    \""],
    ["`a${b + `c${d}`}e` + f", "` ${b + ` ${d}`} ` + f"],
    ["`${{ a: 1 }}x`", "`${{ a: 1 }} `"],
    ["a / b / c", "a / b / c"],
    ["x = /[/'\"]\\//.test(y)", "x = /       /.test(y)"],
    ["return /a b/", "return /   /"],
    ['"unclosed\nnext', '"        \nnext'],
  ]
  for (const [text, code] of cases) assert.equal(scanCode(text).code, code, text)
})

test("imports are found in every form, and not in strings or comments", () => {
  const text = [
    'import "./a.ts"',
    'import type { B } from "./b.ts"',
    "import {\n  c,\n  type D,\n} from './c.ts'",
    'export { e } from "./e.ts"',
    'const f = await import("./f.ts")',
    'new Worker(new URL("./g.ts", import.meta.url))',
    '// import "./not-a.ts"',
    "const text = 'import \"./not-b.ts\"'",
    'export const from = "./not-c.ts"',
  ].join("\n")
  assert.deepEqual(
    importsOf(scanCode(text)).map(({ specifier, line }) => [specifier, line]),
    [
      ["./a.ts", 1],
      ["./b.ts", 2],
      ["./c.ts", 3],
      ["./e.ts", 7],
      ["./f.ts", 8],
      ["./g.ts", 9],
    ],
  )
})

test("functions of every form have a length, and other blocks have none", () => {
  const cases: [text: string, lengths: number[]][] = [
    ["function a() {\n}", [2]],
    ["function a(): Promise<{ b: string }> {\n\n}", [3]],
    ["const a = (b: () => void): { c: 1 } | null => {\n}", [2]],
    ["class A {\n  b(): void {\n  }\n  #c(d = (e)) {\n  }\n}", [2, 2]],
    ["a(() => {\n  b(function () {\n  })\n})", [2, 4]],
    ["if (a) {\n}\nfor (const b of c) {\n}\nwhile (d) {\n}\nswitch (e) {\n}\ntry {\n} catch (f) {\n}", []],
    ["const a = b ? (c) : { d: 1 }", []],
    ["const a = (b: number) => b + 1\n{\n}", []],
    ["function a(b: unknown): asserts b is { c: 1 } {\n}", [2]],
    ["function a(): (b: number) => void {\n}", [2]],
  ]
  for (const [text, lengths] of cases) {
    const found = functionLengths(scanCode(text)).map(({ lines }) => lines)
    assert.deepEqual(found.sort(), lengths, text)
  }
})
