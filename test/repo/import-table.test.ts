import assert from "node:assert/strict"
import { test } from "node:test"
import { parseImportTable } from "./import-table.ts"

const TABLE = `# Rooms

\`\`\`
std/          <- -                                        clock, scheduler
ports/        <- columns                                  interfaces
columns/      <- -                                        types and vectors
expr/         <- columns                                  expressions
wire/         <- -                                        codecs
runners/      <- columns expr wire
                                                          the same plan in its homes
serve/        <- all above                                http
client/       <- wire                                     the producer
\`\`\`
`

test("the table says what each room may import", () => {
  const table = parseImportTable(TABLE)
  const cases: [room: string, allowed: string[]][] = [
    ["std", []],
    ["ports", ["columns"]],
    ["columns", []],
    ["expr", ["columns", "ports"]],
    ["runners", ["columns", "expr", "wire", "ports"]],
    ["serve", ["std", "ports", "columns", "expr", "wire", "runners"]],
    ["client", ["wire", "ports"]],
  ]
  for (const [room, allowed] of cases) assert.deepEqual([...(table.get(room) ?? [])], allowed, room)
})

test("a table that names what is not there is refused", () => {
  assert.throws(() => parseImportTable("# Nothing\n"), /no fenced block/)
  assert.throws(() => parseImportTable(TABLE.replace("<- wire ", "<- wires ")), /wires, which is no room/)
  assert.throws(() => parseImportTable(TABLE.replace("client/", "expr/  ")), /expr twice/)
})
