/** JSON Schemas of a view's plan with the work of its operators, and of advice. */
import { count, instant, list, object, text, textOrNull } from "./json-schema.ts"

const work = object({ rows_in: count, rows_out: count, busy_ms: { type: "number", minimum: 0 } })
const share = { type: "number", minimum: 0, maximum: 1 }

export const viewPlan = object({
  view: text,
  text: list(text),
  steps: list(
    object({
      step: count,
      kind: text,
      does: text,
      changes: { enum: ["append", "upsert", "retract"] },
      key: { type: ["array", "null"], items: text },
      time: textOrNull,
      state: textOrNull,
      columns: list(text),
      inputs: list(count),
    }),
  ),
  rules: list(
    object({
      rule: text,
      about: text,
      did: list(object({ was: text, is: text, columns: list(text), did: text })),
    }),
  ),
  append_only: list(text),
  shared: list(object({ step: text, views: list(text) })),
  sources: list(
    object({ kind: { enum: ["event", "view"] }, name: text, read: list(text), unread: list(text) }),
  ),
  since: instant,
  operators: list(
    object({
      operator: text,
      steps: list(text),
      total: work,
      last_minute: work,
      share,
      state_rows: count,
      state_bytes: count,
    }),
  ),
  slowest: { type: ["object", "null"], properties: { operator: text, busy_ms: { type: "number" }, share } },
})

export const adviceList = object({
  since: instant,
  advice: list(
    object({
      kind: { enum: ["unread-view", "unread-columns", "missing-view"] },
      about: text,
      advice: text,
      columns: list(text),
      count,
      query: textOrNull,
    }),
  ),
})
