/** PostgreSQL itself, asked for names and types of the columns of everything that is accepted. */
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { PGlite } from "@electric-sql/pglite"
import type { TypeKind } from "../../../src/columns/types.ts"
import type { EventContract } from "../../../src/contracts/contract.ts"
import { PROCESSED_AT } from "../../../src/contracts/contract.ts"
import { OWN_AGGREGATES } from "../../kit/pg-oracle.ts"
import { flight, sample } from "../../kit/plan-events.ts"
import { planOf } from "../../kit/plan-of.ts"
import { readLines, readPlanCases } from "./read-cases.ts"

const POSTGRES_TYPES: Readonly<Record<TypeKind, string>> = {
  boolean: "boolean",
  int32: "integer",
  int64: "bigint",
  float64: "double precision",
  decimal: "numeric",
  string: "text",
  bytes: "bytea",
  json: "json",
  timestamp: "timestamp",
  date: "date",
  interval: "interval",
}

/** PostgreSQL's type numbers; both of its timestamps are one instant in UTC here. */
const KINDS: Readonly<Record<number, TypeKind>> = {
  16: "boolean",
  17: "bytes",
  20: "int64",
  23: "int32",
  25: "string",
  114: "json",
  701: "float64",
  1043: "string",
  1082: "date",
  1114: "timestamp",
  1184: "timestamp",
  1186: "interval",
  1700: "decimal",
}

let postgres: PGlite

before(async () => {
  postgres = await PGlite.create()
  await postgres.exec(OWN_AGGREGATES)
  for (const event of [flight, sample]) await postgres.exec(createTable(event))
})
after(() => postgres.close())

function createTable({ name, fields }: EventContract): string {
  const columns = fields.map((field) => `${field.name} ${POSTGRES_TYPES[field.type.kind]}`)
  return `CREATE TABLE ${name} (${[...columns, `${PROCESSED_AT} timestamp`].join(", ")})`
}

/** The window functions as subqueries that have the same columns. */
function withoutWindows(sql: string): string {
  const windowed =
    "(SELECT s.*, timestamp '2001-01-01' AS window_start, timestamp '2001-01-01' AS window_end FROM"
  return sql.replace(/\b(tumble|hop|cumulate|session)\((\w+), [^()]*\)/gi, `${windowed} $2 AS s)`)
}

async function postgresColumns(sql: string): Promise<readonly string[]> {
  const described = await postgres.describeQuery(withoutWindows(sql))
  return described.resultFields.map(({ name, dataTypeID }) => `${name} ${KINDS[dataTypeID] ?? dataTypeID}`)
}

test("columns have PostgreSQL's names and types", async () => {
  for (const { sql, options } of readPlanCases("accepted.txt")) {
    const { columns } = await planOf(sql, options)
    const ours = columns.map(({ name, type }) => `${name} ${type.kind}`)
    assert.deepEqual(ours, await postgresColumns(sql), sql)
  }
})

test("expressions have PostgreSQL's types", async () => {
  for (const expression of readLines("expressions.txt")) {
    const sql = `SELECT ${expression} AS x FROM sample`
    const { columns } = await planOf(sql)
    assert.deepEqual([`x ${columns[0]!.type.kind}`], await postgresColumns(sql), expression)
  }
})
