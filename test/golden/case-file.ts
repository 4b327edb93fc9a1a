/**
 * Golden cases are files: events, views and rows, and for answers that PostgreSQL cannot give, the rows
 * expected.
 *
 *   # What the case shows, one line or more
 *   event e (id int64, at timestamp, k string null, v decimal(10,2) null) out of order 1 day
 *   view v (emit final, lateness 10 seconds, unbounded, time to live 1 hour, not in clickhouse)
 *   SELECT ...
 *   rows e
 *   {"id": 1, ...}
 *   expect v
 *   {"k": "a", "n": "2"}
 */
import { z } from "zod"
import type { EventContract } from "../../src/contracts/contract.ts"
import { event } from "../../src/contracts/event.ts"
import {
  bytes,
  date,
  decimal,
  float64,
  int32,
  int64,
  json,
  timestamp,
} from "../../src/contracts/field-types.ts"
import { type ViewDefinition, view } from "../../src/plan/view.ts"

export interface GoldenCase {
  readonly title: string
  readonly events: readonly EventContract[]
  readonly views: readonly ViewDefinition[]
  /** NDJSON per event. */
  readonly rows: ReadonlyMap<string, string>
  /** Views that ClickHouse must refuse to compute. */
  readonly unverifiable: ReadonlySet<string>
  /** JSON objects per view, for views that PostgreSQL does not judge. */
  readonly expected: ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>
}

interface Section {
  readonly head: string
  readonly body: string[]
}

export function parseCase(text: string): GoldenCase {
  const lines = text.split("\n")
  const title = lines
    .filter((line) => line.startsWith("#"))
    .map((line) => line.slice(1).trim())
    .join(" ")
  const sections: Section[] = []
  for (const line of lines) {
    if (line.startsWith("#")) continue
    if (/^(event|view|rows|expect) /.test(line)) sections.push({ head: line, body: [] })
    else sections.at(-1)?.body.push(line)
  }
  const of = (word: string) => sections.filter(({ head }) => head.startsWith(`${word} `))
  return {
    title,
    events: of("event").map(({ head }) => parseEvent(head)),
    views: of("view").map(parseView),
    rows: new Map(of("rows").map(({ head, body }) => [head.slice(5).trim(), body.join("\n")])),
    unverifiable: new Set(
      of("view").flatMap(({ head }) => (/\(.*not in clickhouse.*\)/.test(head) ? [head.split(" ")[1]!] : [])),
    ),
    expected: new Map(
      of("expect").map(({ head, body }) => [
        head.slice(7).trim(),
        body.filter(Boolean).map((row) => JSON.parse(row)),
      ]),
    ),
  }
}

function parseEvent(head: string): EventContract {
  const match = /^event (\w+) \((.*)\)(?: out of order (.+))?$/.exec(head)
  if (match === null) throw new Error(`not an event line: ${head}`)
  const fields = match[2]!.split(/,\s*(?![^(]*\))/).map((field) => field.trim().split(/\s+/))
  const shape: Record<string, z.ZodType> = {}
  for (const [name, type, ...rest] of fields) {
    const schema = schemaOf(type!)
    shape[name!] = rest.includes("null") ? schema.nullish() : schema
  }
  const definition = {
    schema: z.object(shape),
    id: fields[0]![0]!,
    time: fields.find(([, type]) => type === "timestamp")![0]!,
    outOfOrderness: match[3] ?? "3650 days",
  }
  return event(match[1]!, definition as never) as EventContract
}

function schemaOf(type: string): z.ZodType {
  const wide = /^decimal\((\d+),(\d+)\)$/.exec(type)
  if (wide !== null) return decimal(Number(wide[1]), Number(wide[2]))
  const schemas: Record<string, () => z.ZodType> = {
    boolean: () => z.boolean(),
    int32,
    int64,
    float64,
    string: () => z.string(),
    bytes,
    json,
    timestamp: () => timestamp(),
    date,
  }
  const make = schemas[type]
  if (make === undefined) throw new Error(`not a type: ${type}`)
  return make()
}

function parseView({ head, body }: Section): ViewDefinition {
  const match = /^view (\w+)(?: \((.*)\))?$/.exec(head)
  if (match === null) throw new Error(`not a view line: ${head}`)
  const words = (match[2] ?? "").split(",").map((word) => word.trim())
  const lived = words.find((word) => word.startsWith("time to live "))?.slice("time to live ".length)
  const lateness = words.find((word) => word.startsWith("lateness "))?.slice("lateness ".length)
  return view(match[1]!, {
    sql: body.join("\n").trim(),
    ...(words.includes("emit final") ? { emit: "final" } : {}),
    ...(words.includes("unbounded") ? { state: "unbounded" } : {}),
    ...(lived === undefined ? {} : { state: { timeToLive: lived } }),
    ...(lateness === undefined ? {} : { allowedLateness: lateness }),
  })
}
