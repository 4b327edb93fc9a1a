/**
 * The twin answers in the shapes that the real HTTP door promises; else the page would be tested against a
 * dream.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { Ajv2020 } from "ajv/dist/2020.js"
import { SCHEMAS } from "../../src/serve/http/openapi-schemas.ts"
import { startTwin } from "./twin.ts"
import { differentCheck } from "./twin-checks.ts"

const ajv = new Ajv2020({ strict: false, validateFormats: false })

const SIGNUP = {
  event_id: "1",
  event_type: "user_signup",
  timestamp: "2026-01-02T03:04:05Z",
  user_id: "u",
  schema_version: 1,
}
const LETTER = { dead_letters: [{ id: "dl-0-41", value: { ...SIGNUP, timestamp: "2026-01-02T03:04:05Z" } }] }
const KEY = "key.plan=free&key.day=x"

interface Asked {
  readonly schema: string
  readonly path: string
  readonly method?: "POST" | "DELETE"
  readonly body?: object
}

/** In this order: some change what is asked later. */
const ANSWERS: readonly Asked[] = [
  { schema: "EventList", path: "v1/events" },
  { schema: "Event", path: "v1/events/flight" },
  { schema: "Event", path: "v1/events/user_signup" },
  { schema: "EventRecord", path: "v1/events/flight/records/0/4100" },
  { schema: "EventRecord", path: "v1/events/flight/records/0/12" },
  { schema: "ViewList", path: "v1/views" },
  { schema: "Rows", path: "v1/views/worst_routes/rows?sort=-avg_delay&limit=3" },
  { schema: "Rows", path: "v1/views/signups_per_plan_and_day/rows?where.plan.is_null=true&limit=1&after=x" },
  { schema: "RejectedList", path: "v1/rejected" },
  { schema: "Readiness", path: "readyz" },
  { schema: "IngestAnswer", path: "v1/events/user_signup", method: "POST", body: SIGNUP },
  {
    schema: "IngestProblem",
    path: "v1/events/user_signup",
    method: "POST",
    body: { ...SIGNUP, timestamp: "never" },
  },
  { schema: "QueryAnswer", path: "v1/query", method: "POST", body: { sql: "SELECT * FROM events.flight" } },
  { schema: "QueryCancelled", path: "v1/queries/q1", method: "DELETE" },
  { schema: "Store", path: "v1/store" },
  { schema: "Lake", path: "v1/lake" },
  { schema: "Verification", path: "v1/views/worst_routes/verify", method: "POST" },
  { schema: "Lateness", path: "v1/views/worst_routes/lateness" },
  { schema: "Lateness", path: "v1/views/signups_per_plan_and_day/lateness" },
  { schema: "Explanation", path: `v1/views/signups_per_plan_and_day/why?${KEY}` },
  { schema: "LeftOutRows", path: "v1/views/delays_by_airport_hour/late?limit=5" },
  { schema: "DeadLetterList", path: "v1/dead-letters?state=open" },
  { schema: "DeadLetter", path: "v1/dead-letters/dl-0-41" },
  { schema: "Replay", path: "v1/replays", method: "POST", body: LETTER },
  { schema: "ReplayWithRows", path: "v1/replays/re-1" },
  { schema: "DeadLetter", path: "v1/dead-letters/dl-0-42/discard", method: "POST" },
  { schema: "DeadLetterList", path: "v1/dead-letters" },
]

test("every answer of the twin fits the schema that the HTTP door publishes", async () => {
  await using twin = await startTwin({ page: "/nowhere", port: 0 })
  for (const { schema, path, method = "GET", body } of ANSWERS) {
    const sent = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const answer: unknown = await (await fetch(twin.url + path, sent)).json()
    const definition = SCHEMAS[schema]
    assert.ok(definition !== undefined, `the door publishes ${schema}`)
    const validate = ajv.compile(definition)
    assert.ok(validate(answer), `${method} ${path}: ${ajv.errorsText(validate.errors)}`)
  }
})

test("a check that found differences fits its schema, too", async () => {
  await using twin = await startTwin({ page: "/nowhere", port: 0 })
  twin.state.nextCheck.set("worst_routes", differentCheck(twin.state, "worst_routes"))
  const answer: unknown = await (
    await fetch(`${twin.url}v1/views/worst_routes/verify`, { method: "POST" })
  ).json()
  const validate = ajv.compile(SCHEMAS["Verification"] ?? false)
  assert.ok(validate(answer), ajv.errorsText(validate.errors))
})
