/** The comparison itself: it must see each kind of difference, or it proves nothing. */
import assert from "node:assert/strict"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { canonical, compareViews } from "./compare-views.ts"
import type { Comparison, ExpectedView } from "./oracle.ts"

const EXPECTED: ExpectedView = {
  name: "delays",
  key: ["origin", "at"],
  columns: { origin: "text", at: "instant", average: "number", flights: "number" },
  rows: [
    { origin: "ATL", at: "2001-01-01 10:00:00", average: "1.50", flights: "2" },
    { origin: "ATL", at: "2001-01-01 11:00:00", average: "-0.25", flights: "4" },
    { origin: "LGA", at: "2001-01-01 10:00:00", average: null, flights: "0" },
  ],
}

const RIGHT = [
  { origin: "ATL", at: "2001-01-01T10:00:00Z", average: "1.5", flights: "2" },
  { origin: "ATL", at: "2001-01-01T11:00:00.000000Z", average: "-0.2500", flights: 4 },
  { origin: "LGA", at: "2001-01-01T10:00:00.000Z", average: null, flights: "0" },
] as const

/** Serves the rows in pages of two, as a platform would. */
async function differencesOf(rows: readonly object[]): Promise<readonly string[]> {
  const server = createServer((request, response) => {
    const start = Number(new URL(request.url ?? "", "http://x").searchParams.get("cursor") ?? 0)
    const cursor = start + 2 < rows.length ? String(start + 2) : null
    response.end(JSON.stringify({ rows: rows.slice(start, start + 2), cursor }))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    const { port } = server.address() as AddressInfo
    const { differences, compared } = await compareViews(`http://127.0.0.1:${port}`, [EXPECTED])
    assert.equal(
      compared["delays"],
      new Set(rows.map((row) => JSON.stringify(Object.values(row).slice(0, 2)))).size,
    )
    return differences.map(({ key, what }) => `${key}: ${what}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test("equal rows are equal however their values are spelt", async () => {
  assert.deepEqual(await differencesOf(RIGHT), [])
})

test("every kind of difference is told", async () => {
  const [first, second, third] = RIGHT
  const key = "ATL 2001-01-01 10:00:00.000000"
  const cases: readonly (readonly [rows: readonly object[], told: readonly string[]])[] = [
    [[{ ...first, average: "1.51" }, second, third], [`${key}: average is 1.51, should be 1.50`]],
    [[{ ...first, flights: null }, second, third], [`${key}: flights is null, should be 2`]],
    [[second, third], [`${key}: is missing`]],
    [[first, first, second, third], [`${key}: comes twice`]],
    [[...RIGHT, { ...first, origin: "JFK" }], ["JFK 2001-01-01 10:00:00.000000: should not be there"]],
    [[{ origin: "ATL", at: first.at, average: "1.5" }, second, third], [`${key}: has no column flights`]],
  ]
  for (const [rows, told] of cases) assert.deepEqual(await differencesOf(rows), told)
})

test("a value has one spelling", () => {
  const cases: readonly (readonly [
    value: string | number | null,
    comparison: Comparison,
    spelling: string,
  ])[] = [
    ["007.100", "number", "7.1"],
    ["-0.00", "number", "0"],
    ["100", "number", "100"],
    [100, "number", "100"],
    ["12345678901234567890.10", "number", "12345678901234567890.1"],
    ["2001-01-01 00:00:00+00", "instant", "2001-01-01 00:00:00.000000"],
    ["2001-01-01T00:00:00.25Z", "instant", "2001-01-01 00:00:00.250000"],
    ["1.0", "text", "1.0"],
    [null, "number", "NULL"],
  ]
  for (const [value, comparison, spelling] of cases) assert.equal(canonical(value, comparison), spelling)
})
