import assert from "node:assert/strict"
import { test } from "node:test"
import { locateDefinition, locateInModule, offsetOfByte, offsetOfCharacter, placeAt } from "./places.ts"

const TEXT = "é🙂x\nzwei"

test("bytes and characters of the parser become indexes of the string", () => {
  const cases: [byte: number, index: number][] = [
    [0, 0],
    [1, 0],
    [2, 1],
    [6, 3],
    [7, 4],
    [8, 5],
    [99, 9],
  ]
  for (const [byte, index] of cases) assert.equal(offsetOfByte(TEXT, byte), index, `byte ${byte}`)
  const characters: [count: number, index: number][] = [
    [0, 0],
    [1, 1],
    [2, 3],
    [4, 5],
    [99, 9],
  ]
  for (const [count, index] of characters) assert.equal(offsetOfCharacter(TEXT, count), index, `${count}`)
})

test("lines and columns count characters from 1", () => {
  assert.deepEqual(placeAt(TEXT, 0), { line: 1, column: 1 })
  assert.deepEqual(placeAt(TEXT, 3), { line: 1, column: 3 })
  assert.deepEqual(placeAt(TEXT, 5), { line: 2, column: 1 })
  assert.deepEqual(placeAt(TEXT, 9), { line: 2, column: 5 })
})

const SQL = "SELECT a\nFROM b"
const MODULE = [
  'const x = view("first", {',
  `  sql: \`${SQL}\`,`,
  "})",
  `const y = view("second", { sql: \`${SQL}\` })`,
].join("\n")

test("a place in the SQL is found in the module that it was written in", () => {
  assert.deepEqual(locateInModule(MODULE, SQL, 7), { line: 2, column: 16 })
  assert.deepEqual(locateInModule(MODULE, SQL, 9), { line: 3, column: 1 })
})

test("of two views with the same SQL the named one is meant", () => {
  assert.deepEqual(locateInModule(MODULE, SQL, 7, "first"), { line: 2, column: 16 })
  assert.deepEqual(locateInModule(MODULE, SQL, 7, "second"), { line: 5, column: 41 })
})

test("a module with CRLF has the lines of one with LF", () => {
  assert.deepEqual(locateInModule(MODULE.replaceAll("\n", "\r\n"), SQL, 9), { line: 3, column: 1 })
})

test("SQL with escapes is found by its line, when that stands there once", () => {
  const module = "view('v', { sql: `SELECT '\\`'\n  , wrong\nFROM t` })"
  assert.deepEqual(locateInModule(module, "SELECT '`'\n  , wrong\nFROM t", 15), { line: 2, column: 5 })
})

test("SQL that the module does not hold has no place there", () => {
  assert.equal(locateInModule("const sql = readFile()", SQL, 7), null)
  assert.equal(locateInModule("a\na\n", "x\na\n", 2), null)
})

test("a definition is found by its name, however it is quoted", () => {
  assert.deepEqual(locateDefinition(MODULE, "second"), { line: 5, column: 11 })
  assert.deepEqual(locateDefinition("view ( 'v', {})", "v"), { line: 1, column: 1 })
  assert.equal(locateDefinition(MODULE, "third"), null)
})
