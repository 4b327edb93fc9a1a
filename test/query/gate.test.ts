/** The gate in front of the store, against the engine's own parser. */
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { after, before, test } from "node:test"
import { fileURLToPath } from "node:url"
import { isPlatformError, type PlatformError } from "../../src/std/errors.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { ALLOWED_AGGREGATES, ALLOWED_FUNCTIONS } from "../../src/stores/hot/gate/allowed-functions.ts"
import { refusalOfFunction } from "../../src/stores/hot/gate/function-rules.ts"
import { passGate } from "../../src/stores/hot/gate/gate.ts"
import { REFUSED_FUNCTIONS, REFUSED_GROUPS } from "../../src/stores/hot/gate/refused-functions.ts"
import { openTestEngine, type TestEngine } from "./engine.ts"

let engine: TestEngine

before(async () => {
  engine = await openTestEngine()
})
after(() => engine[Symbol.asyncDispose]())

function linesOf(name: string): string[] {
  const text = readFileSync(fileURLToPath(new URL(name, import.meta.url)), "utf8")
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
}

const ATTEMPTS = linesOf("refused.txt").map((line) => {
  const [construct = "", sql = ""] = line.split(" :: ")
  return { construct, sql: sql.replaceAll("⏎", "\n") }
})
const QUERIES = linesOf("allowed.txt").map((line) => line.replaceAll("⏎", "\n"))
const VALUES: Readonly<Record<string, string>> = { id: "1", plans: "['a']", n: "3" }

async function refusal(sql: string): Promise<PlatformError> {
  const failure = await passGate(sql, engine.ask).then(
    () => null,
    (error: unknown) => error,
  )
  assert.ok(failure !== null, `${sql} must not pass`)
  assert.ok(isPlatformError(failure, "query-refused"), `${sql} is refused, not: ${failure}`)
  return failure
}

test("each of more than 200 attempts is refused by the name of what it reaches for", async () => {
  assert.ok(ATTEMPTS.length >= 200, `${ATTEMPTS.length} attempts`)
  const wrong: string[] = []
  for (const { construct, sql } of ATTEMPTS) {
    const found = (await refusal(sql)).details["construct"]
    if (found !== construct) wrong.push(`${sql}\n  names ${found}, not ${construct}`)
  }
  assert.deepEqual(wrong, [])
})

test("queries as analysts write them pass and run", async () => {
  assert.ok(QUERIES.length >= 60, `${QUERIES.length} queries`)
  const wrong: string[] = []
  for (const sql of QUERIES) {
    try {
      const { sql: canonical, tables, parameters } = await passGate(sql, engine.ask)
      const bare = tables.filter(({ database }) => database === null)
      const database = bare.some(({ name }) => name === "click") ? "events" : "views"
      const names = parameters.map(({ name }) => name)
      const params = Object.fromEntries(names.map((name) => [name, VALUES[name] ?? ""]))
      const query = { sql: canonical, database, params, format: "JSON", settings: {} }
      const stream = engine.stream({ ...query, queryId: "q", signal: new AbortController().signal })
      for await (const piece of stream) assert.ok(piece.length > 0)
    } catch (error) {
      wrong.push(`${sql}\n  ${error instanceof Error ? error.message.slice(0, 300) : error}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test("what runs is the same tree as what was asked", async () => {
  for (const sql of QUERIES.filter((text) => !text.includes("{"))) {
    const { sql: canonical } = await passGate(sql, engine.ask)
    const asked = await engine.ask(`EXPLAIN AST ${sql.replace(/;$/, "")}`, {})
    assert.equal(await engine.ask(`EXPLAIN AST ${canonical}`, {}), asked, sql)
  }
})

test("every function of the engine is reviewed, and a new one is refused until it is", async () => {
  const rows = (await engine.ask("SELECT name FROM system.functions", {})).trim().split("\n")
  const refused = new Set(REFUSED_GROUPS.flatMap(({ names }) => names))
  assert.deepEqual(
    rows.filter((name) => !ALLOWED_FUNCTIONS.has(name) && !refused.has(name)),
    [],
    "functions that nobody has looked at: put them into allowed-functions.ts or refused-functions.ts",
  )
  const engineHas = new Set(rows)
  const gone = [...ALLOWED_FUNCTIONS, ...refused].filter((name) => !engineHas.has(name))
  assert.deepEqual(gone, [], "functions that the engine does not have")
  assert.notEqual(refusalOfFunction("functionOfTomorrow"), null)
})

test("aliases of refused functions are refused, and no case of letters makes one allowed", async () => {
  const aliases = await engine.ask("SELECT name, alias_to FROM system.functions WHERE alias_to != ''", {})
  for (const line of aliases.trim().split("\n")) {
    const [name = "", target = ""] = line.split("\t")
    if (REFUSED_FUNCTIONS.has(target.toLowerCase())) assert.notEqual(refusalOfFunction(name), null, name)
  }
  const both = [...ALLOWED_FUNCTIONS].filter((name) => REFUSED_FUNCTIONS.has(name.toLowerCase()))
  assert.deepEqual(both, [])
})

test("only aggregate functions of the engine take combinators", async () => {
  const rows = await engine.ask("SELECT name FROM system.functions WHERE is_aggregate", {})
  const aggregates = new Set(rows.trim().split("\n"))
  assert.deepEqual(
    [...ALLOWED_AGGREGATES].filter((name) => !aggregates.has(name)),
    [],
  )
  for (const name of ["lengthIf", "fileIf", "sumFile", "State", "sleepState"]) {
    assert.notEqual(refusalOfFunction(name), null, name)
  }
  for (const name of ["sumIf", "uniqStateOrNull", "quantilesTDigestArrayIf", "countDistinct", "COUNTIf"]) {
    assert.equal(refusalOfFunction(name), null, name)
  }
})

test("the parser's complaint has its place in the user's text", async () => {
  const cases = [
    [
      "SELECT 1 +",
      /^this is not ClickHouse SQL: line 1, column 11: the statement ends too early, expected /,
      11,
    ],
    ["SELECT *\n  FRM events.click", /line 2, column 7: "events\.click" is not expected/, 16],
    ["SELECT 'ä€' 1 FROM", /line 1, column 13: "1" is not expected/, 13],
    ["SELECT a FROM t WHERE (a", /line 1, column 23: "\(a" is not expected/, 23],
    ["", /Empty query/, null],
    [" ; -- nothing", /Empty query/, null],
    [`SELECT ${"(".repeat(2_000)}`, /Maximum parse depth/, null],
  ] as const
  for (const [sql, message, position] of cases) {
    await assert.rejects(passGate(sql, engine.ask), (error: PlatformError) => {
      assert.equal(error.code, "query-syntax", sql)
      assert.match(error.message, message)
      assert.equal(error.details["position"], position, error.message)
      return true
    })
  }
})

test("a text beyond the limit is refused before anybody parses it", async () => {
  await assert.rejects(
    passGate(`SELECT '${"x".repeat(70_000)}'`, async () => assert.fail("nobody parses it")),
    (error) => isPlatformError(error, "query-too-long"),
  )
  assert.match((await refusal("SELECT '\0'")).message, /U\+0000/)
})

/** Where an expression or a table may stand, with allowed things around it. */
const AROUND_EXPRESSION = [
  "SELECT §",
  "SELECT 1 WHERE §",
  "WITH § AS v SELECT v",
  "SELECT arrayMap(x -> §, [1])",
  "SELECT if(1, §, 2)",
  "SELECT count() FROM events.click GROUP BY §",
  "SELECT id FROM events.click ORDER BY §",
  "SELECT [1, §]",
  "SELECT sum(id) OVER (ORDER BY §) FROM events.click",
  "SELECT (1, §)",
  "SELECT sumIf(1, §) FROM events.click",
  "SELECT 1 FROM events.click PREWHERE §",
  "SELECT 1 IN (§, 2)",
  "SELECT map('a', §)",
  "SELECT § BETWEEN 1 AND 2",
  "SELECT id FROM events.click LIMIT 1 BY §",
  "SELECT CASE § WHEN 1 THEN 2 END",
  "SELECT (SELECT §)",
  "SELECT * REPLACE (§ AS id) FROM events.click",
  "SELECT 1 FROM events.click AS a JOIN events.click AS b ON a.id = §",
  "SELECT count() FROM events.click HAVING §",
  "SELECT 1 UNION ALL SELECT §",
  "SELECT * FROM numbers(§)",
  "SELECT id FROM events.click QUALIFY §",
  "SELECT a FROM (SELECT 1) ARRAY JOIN [§] AS a",
  "SELECT §::String",
]
const AROUND_TABLE = [
  "SELECT * FROM §",
  "SELECT * FROM events.click, §",
  "SELECT * FROM events.click JOIN § USING id",
  "WITH c AS (SELECT * FROM §) SELECT * FROM c",
  "SELECT 1 WHERE 1 IN (SELECT 1 FROM §)",
  "SELECT 1 UNION ALL SELECT 1 FROM §",
  "SELECT * FROM (SELECT * FROM §)",
  "SELECT 1 EXCEPT SELECT 1 FROM §",
  "SELECT EXISTS(SELECT 1 FROM §)",
  "SELECT (SELECT 1 FROM §)",
]

test("a forbidden thing is found however deep it is nested in allowed ones", async () => {
  const random = new SeededRandom(20_261_127)
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)]!
  const functions = REFUSED_GROUPS.flatMap(({ names }) => names).filter((name) => /^[a-z]/.test(name))
  const tables = [
    "system.tables",
    "default.x",
    "file('/etc/passwd')",
    "url('http://x')",
    "merge('system', '.*')",
  ]
  for (let round = 0; round < 600; round++) {
    const inTable = random.below(2) === 0
    let sql = inTable
      ? pick(AROUND_TABLE).replace("§", pick(tables))
      : pick(AROUND_EXPRESSION).replace("§", `${pick(functions)}(1)`)
    for (let depth = random.below(4); depth > 0; depth--) {
      sql =
        random.below(2) === 0
          ? pick(AROUND_TABLE).replace("§", () => `(${sql})`)
          : pick(AROUND_EXPRESSION).replace("§", () => `(${sql})`)
    }
    await refusal(sql)
  }
})
