/** The short way of reading an event gives what the exact way gives, or leaves the row to it. */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { z } from "zod"
import type { EventContract } from "../../src/contracts/contract.ts"
import { event } from "../../src/contracts/event.ts"
import { bytes, date, decimal, float64, int32, int64, timestamp } from "../../src/contracts/field-types.ts"
import { textLiteral } from "../../src/expr/clickhouse/sql-writer.ts"
import { QUERY_SETTINGS } from "../../src/runners/clickhouse/lower-plan.ts"
import { everyColumn, exactEventSql, plainEventSql } from "../../src/runners/clickhouse/read-event.ts"
import { queryRows } from "../../src/stores/clickhouse.ts"
import { type EmbeddedStore, openEmbeddedStore } from "../kit/embedded-store.ts"

const contract = event("e", {
  schema: z.object({
    id: int64(),
    at: timestamp(),
    small: int32().nullish(),
    price: decimal(9, 2).nullish(),
    wide: decimal(38, 18).nullish(),
    ratio: float64().nullish(),
    text: z.string().nullish(),
    blob: bytes().nullish(),
    day: date().nullish(),
    seen: timestamp({ unit: "s" }).nullish(),
    is_new: z.boolean().nullish(),
    level: z.string().default("low"),
    rank: int32().nullable().default(7),
  }),
  id: "id",
  time: "at",
}) as unknown as EventContract

const AT = '"at":"2026-01-01T00:00:00Z"'
const row = (rest: string) => `{"id":1,${AT}${rest === "" ? "" : `,${rest}`}}`

/** Rows, and whether the short way may read them. */
const CASES: readonly (readonly [value: string, isPlain: boolean])[] = [
  [row(""), true],
  [` { "id" : "12" , ${AT} , "small" : -5 , "unknown" : { "a" : [ 1 , "x" ] } } `, true],
  [row('"small":null,"price":null,"text":null,"is_new":null,"seen":null'), true],
  [row('"price":4.50,"wide":1.25,"ratio":1e-7,"is_new":true'), true],
  [row('"price":"1234567.89","wide":"12345678901234567890.123456789012345678"'), true],
  [row('"price":1234567.89,"ratio":0.30000000000000004,"is_new":false'), true],
  [row('"price":1.5e3,"small":1e3,"small_":2'), true],
  [row('"text":"tab\\t \\"quoted\\" \\\\ \\u00e9 é \\ud83d\\ude00"'), true],
  [row('"blob":"AAEC/w==","day":"2024-02-29"'), true],
  [row('"seen":1750000000,"level":"high","rank":3'), true],
  [row('"seen":1750000000.25'), true],
  [row('"seen":-1.5'), true],
  [`{"id":9007199254740993,${AT}}`, true],
  [`{"id":-9223372036854775808,${AT}}`, true],
  [`{"id":"9223372036854775807",${AT}}`, true],
  ['{"id":1,"at":"2026-01-01T01:30:00.123456789+02:00"}', true],
  ['{"id":1,"at":"1970-01-01T00:00:00.000001-00:30"}', true],
  [`{"id":1,${AT},"id":2}`, false],
  [`{"id":1,${AT},"\\u0069d":2}`, false],
  [`{"id":1,${AT},"other":{"id":5}}`, false],
  [`{"id":9007199254740993.0,${AT}}`, false],
  [row('"wide":0.1000000000000000055'), false],
  [row('"wide":12345678901234567890.5'), false],
  [row('"wide":1e-17'), false],
  [row('"seen":1750000000.1234567'), false],
  [row('"text":null,"text":"x"'), false],
  [row('"rank":null'), false],
  [row('"other":{"level":"deep"}'), false],
  [row('"other":{"small":1}'), false],
  ['{"id":1,"at":"1969-12-31T23:59:59.5Z"}', false],
  ['{"id":1,"at":"2299-12-31T23:59:59Z"}', false],
  ['{"id":1,"at":"2026-01-01t00:00:00z"}', false],
  [row('"day":"1899-12-31"'), false],
  [row('"day":"9999-12-31"'), false],
  [row('"other":123456789012345678901234567890'), false],
]

let store: EmbeddedStore
before(async () => {
  store = await openEmbeddedStore()
})
after(() => store[Symbol.asyncDispose]())

const settings = { ...QUERY_SETTINGS, max_query_size: 2 ** 24 }

async function read(sql: string): Promise<ReadonlyMap<string, unknown>> {
  const rows = await queryRows<Record<string, unknown>>(store.clickhouse, sql, { settings })
  return new Map(rows.map((each) => [String(each["_offset"]), each]))
}

/** Raw rows as a table of ClickHouse's. */
function rawRows(values: readonly string[]): string {
  const rows = values.map((value, offset) => `(0, ${offset}, 1767225600000, ${textLiteral(value)})`)
  const columns = "_partition Int32, _offset Int64, _appended Int64, _value String"
  return `values(${textLiteral(columns)}, ${rows.join(", ")})`
}

/** What both ways say of rows; `plain` has those only that the short way reads. */
async function bothWays(values: readonly string[]) {
  const [from, wanted] = [rawRows(values), everyColumn(contract)]
  const short = plainEventSql(contract, from, wanted)
  assert.ok(short !== null)
  const rest = await read(short.rest)
  return { exact: await read(exactEventSql(contract, from, wanted)), plain: await read(short.plain), rest }
}

test("a plain row reads the same both ways, and every other one is left to the exact way", async () => {
  const { exact, plain, rest } = await bothWays(CASES.map(([value]) => value))
  for (const [offset, [value, isPlain]] of CASES.entries()) {
    const key = String(offset)
    assert.equal(plain.has(key), isPlain, `the short way reads ${value}: ${isPlain}`)
    assert.equal(rest.has(key), !isPlain, `the rest has ${value}: ${!isPlain}`)
    if (isPlain) assert.deepEqual(plain.get(key), exact.get(key), value)
  }
})

test("numbers and times of every length read the same both ways", async () => {
  const random = numbersOf(20_261_127)
  const values = Array.from({ length: 3_000 }, () => randomRow(random))
  const { exact, plain, rest } = await bothWays(values)
  for (const [key, read] of plain) assert.deepEqual(read, exact.get(key), values[Number(key)])
  assert.equal(plain.size + rest.size, values.length)
  assert.ok(plain.size > values.length / 3, `${plain.size} of them were plain`)
})

type Random = (below: number) => number

/** Marsaglia's xorshift: the same rows every time. */
function numbersOf(seed: number): Random {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

function randomRow(random: Random): string {
  const digits = (count: number) => Array.from({ length: count }, () => random(10)).join("")
  const whole = (most: number) => `${random(9) + 1}${digits(random(most))}`
  const sign = random(4) === 0 ? "-" : ""
  const quoted = (text: string) => (random(2) === 0 ? text : `"${text}"`)
  const two = (below: number) => String(random(below)).padStart(2, "0")
  const zone = random(3) === 0 ? `${random(2) === 0 ? "+" : "-"}${two(14)}:${two(60)}` : "Z"
  const fraction = random(2) === 0 ? "" : `.${digits(1 + random(9))}`
  const year = random(3) === 0 ? 1_000 + random(9_000) : 1_970 + random(200)
  const day = `${year}-0${1 + random(9)}-${String(1 + random(28)).padStart(2, "0")}`
  const time = `${day}T${two(24)}:${two(60)}:${two(60)}${fraction}${zone}`
  return (
    `{"id":${quoted(`${sign}${whole(18)}`)},"at":"${time}",` +
    `"price":${quoted(`${sign}${whole(7)}.${digits(1 + random(2))}`)},` +
    `"wide":${quoted(`${sign}${whole(20)}.${digits(1 + random(18))}`)},` +
    `"ratio":${sign}${whole(17)}.${digits(1 + random(17))}e${random(2) === 0 ? "-" : ""}${random(200)},` +
    `"seen":${sign}${whole(10)}${random(2) === 0 ? "" : `.${digits(1 + random(8))}`},"day":"${day}"}`
  )
}
