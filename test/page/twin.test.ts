/**
 * The twin answers in the shapes that the real HTTP door promises; else the page would be tested against a
 * dream.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { Ajv2020 } from "ajv/dist/2020.js"
import { SCHEMAS } from "../../src/serve/http/openapi-schemas.ts"
import { startTwin } from "./twin.ts"

const ajv = new Ajv2020({ strict: false, validateFormats: false })

/** What the page reads where it is there; it is held against the schema once the door publishes it. */
const OPTIONAL_MEMBERS: readonly (readonly [list: string, member: string])[] = [
  ["events", "dead_lettered"],
  ["views", "verification"],
]

const ANSWERS: readonly (readonly [schema: string, path: string, body?: string])[] = [
  ["EventList", "v1/events"],
  ["Event", "v1/events/flight"],
  ["ViewList", "v1/views"],
  ["Rows", "v1/views/worst_routes/rows?sort=-avg_delay&limit=3"],
  ["Rows", "v1/views/signups_per_plan_and_day/rows?where.plan.is_null=true&limit=1&after=x"],
  ["RejectedList", "v1/rejected"],
  ["Readiness", "readyz"],
  ["IngestAnswer", "v1/events/user_signup", "timestamp"],
  ["IngestProblem", "v1/events/user_signup", "not a time"],
]

const QUERY = JSON.stringify({ sql: "SELECT * FROM events.flight" })
/** Routes that the page uses where they are; the door's schema decides once it is there. */
const LATER_ANSWERS: readonly (readonly [schema: string, method: string, path: string, body?: string])[] = [
  ["QueryAnswer", "POST", "v1/query", QUERY],
  ["QueryCancelled", "DELETE", "v1/queries/q1"],
]

for (const [schema, method, path, body] of LATER_ANSWERS) {
  const skip = SCHEMAS[schema] === undefined ? `the door does not publish ${schema}` : false
  test(`the twin's ${method} ${path} fits ${schema}`, { skip }, async () => {
    await using twin = await startTwin({ page: "/nowhere", port: 0 })
    const response = await fetch(twin.url + path, { method, ...(body === undefined ? {} : { body }) })
    const validate = ajv.compile(SCHEMAS[schema] ?? false)
    assert.ok(validate(await response.json()), ajv.errorsText(validate.errors))
  })
}

test("every answer of the twin fits the schema that the HTTP door publishes", async () => {
  await using twin = await startTwin({ page: "/nowhere", port: 0 })
  for (const [schema, path, kind] of ANSWERS) {
    const time = kind === "timestamp" ? "2026-01-02T03:04:05Z" : "never"
    const row = { event_id: "1", event_type: "user_signup", timestamp: time, user_id: "u", schema_version: 1 }
    const post = { method: "POST", body: JSON.stringify(row) }
    const response = await fetch(twin.url + path, kind === undefined ? {} : post)
    const validate = ajv.compile(SCHEMAS[schema] ?? false)
    const answer = (await response.json()) as Record<string, unknown>
    for (const [list, member] of OPTIONAL_MEMBERS) {
      if (JSON.stringify(SCHEMAS).includes(`"${member}"`)) continue
      const items = Array.isArray(answer[list]) ? (answer[list] as Record<string, unknown>[]) : [answer]
      for (const item of items) delete item[member]
    }
    assert.ok(validate(answer), `${path}: ${ajv.errorsText(validate.errors)}`)
  }
})
