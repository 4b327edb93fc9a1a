/** One event and one view, written out as the data that `event()` and `view()` would make of them. */
import type { Column } from "../../src/columns/types.ts"
import { INT32, INT64, JSON_TEXT, STRING, TIMESTAMP } from "../../src/columns/types.ts"
import type { ContractField, EventContract } from "../../src/contracts/contract.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import type { TwinRow, TwinViewSpec } from "./twin-view.ts"

export interface Signup {
  readonly event_id: string
  readonly event_type: "user_signup"
  readonly timestamp: string
  readonly user_id: string
  readonly plan?: string | null
  readonly metadata?: unknown
  readonly schema_version: number
}

const field = (name: string, type: Column["type"], optional = false): ContractField => ({
  name,
  type,
  nullable: optional,
  optional,
})

export const userSignup: EventContract<Signup> = {
  kind: "event",
  name: "user_signup",
  description: "Somebody signed up.",
  fields: [
    field("event_id", STRING),
    field("event_type", STRING),
    field("timestamp", TIMESTAMP),
    field("user_id", STRING),
    field("plan", STRING, true),
    field("metadata", JSON_TEXT, true),
    field("schema_version", INT32),
  ],
  id: "event_id",
  time: "timestamp",
  key: "user_id",
  topic: "user_signup",
  partitions: 1,
  outOfOrdernessMs: 10_000,
  idleMs: 60_000,
  idleAdvance: false,
  dedupWindowMs: 86_400_000,
  unknownFields: "keep",
  retention: {},
  compression: "none",
  jsonSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: { event_id: { $ref: "#/$defs/id" }, plan: { type: ["string", "null"] } },
    $defs: { id: { type: "string", minLength: 1 } },
    required: ["event_id"],
  },
  fingerprint: "0011223344556677",
}

const columns: readonly Column[] = [
  { name: "plan", type: STRING, nullable: true },
  { name: "day", type: TIMESTAMP, nullable: false },
  { name: "signups", type: INT64, nullable: false },
]

const plan: ViewPlan = {
  kind: "view",
  name: "signups_per_plan_and_day",
  description: "How many people signed up, by plan and day.",
  sql: "SELECT plan, day, count(*) AS signups FROM user_signup GROUP BY plan, day",
  root: {
    kind: "scan",
    source: "event",
    name: "user_signup",
    columns: userSignup.fields,
    changes: "append",
    key: [0],
    windowColumns: null,
    delayUs: 0n,
    timeColumn: 2,
  },
  columns,
  key: [0, 1],
  emit: "changes",
  allowedLatenessMs: 0,
  state: { kind: "windows" },
  events: ["user_signup"],
  views: [],
  fingerprint: "8899aabbccddeeff",
}

export const signupsPerPlanAndDay: TwinViewSpec = {
  plan,
  query: (rows) => {
    const counts = new Map<string, { plan: string | null; day: bigint; signups: bigint }>()
    for (const row of rows) {
      const name = (row["plan"] as string | undefined) ?? null
      const day = dayUs(row)
      const group = counts.get(`${name} ${day}`) ?? { plan: name, day, signups: 0n }
      counts.set(`${name} ${day}`, { ...group, signups: group.signups + 1n })
    }
    return [...counts.values()].map((group) => [group.plan, group.day, group.signups])
  },
}

function dayUs(row: TwinRow): bigint {
  const dayMs = 86_400_000
  return BigInt(Math.floor(Date.parse(String(row["timestamp"])) / dayMs) * dayMs) * 1_000n
}

/** A good row; `id` tells rows apart. */
export function signup(id: string, given: Partial<Signup> = {}): Signup {
  return {
    event_id: id,
    event_type: "user_signup",
    timestamp: "2026-01-02T03:04:05Z",
    user_id: `user-${id}`,
    plan: "premium",
    schema_version: 1,
    ...given,
  }
}
