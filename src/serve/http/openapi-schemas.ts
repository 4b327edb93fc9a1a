/** JSON Schemas of the answers, by the names that routes use. Tests hold real answers against them. */
import { count, flag, instant, instantOrNull, list, object, text, textOrNull } from "./json-schema.ts"
import type { JsonSchema } from "./route.ts"
import { adviceList, viewPlan } from "./view-plan-schema.ts"

const problemProperties = {
  type: text,
  title: text,
  status: { type: "integer" },
  detail: text,
  code: text,
  instance: text,
}

const rejectedRow = { index: count, field: textOrNull, code: text, message: text }

const ingestProperties = {
  received: count,
  accepted: count,
  duplicates: count,
  rejected: list(object(rejectedRow)),
  rejected_count: count,
  rejected_truncated: flag,
  dead_lettered: count,
  dead_letters: list(object({ id: text, ...rejectedRow })),
  receipt: textOrNull,
}

const field = object({ name: text, type: text, nullable: flag, optional: flag })

const eventProperties = {
  name: text,
  description: textOrNull,
  fields: list(field),
  id: text,
  time: text,
  key: textOrNull,
  out_of_orderness_ms: count,
  received: count,
  accepted: count,
  duplicates: count,
  rejected: count,
  dead_lettered: count,
  appended: count,
  events_per_second: { type: "number" },
  watermark: instantOrNull,
  watermark_partition: { type: ["integer", "null"] },
  partitions: list(object({ partition: count, durable_end: count, processed: count, idle: flag })),
}

const eventSettings = object({
  topic: text,
  partitions: count,
  idle_ms: count,
  idle_advance: flag,
  dedup_window_ms: { type: ["integer", "null"] },
  unknown_fields: { enum: ["keep", "refuse"] },
  on_invalid: { enum: ["reject", "dead-letter"] },
  retention_ms: { type: ["integer", "null"] },
  retention_bytes: { type: ["integer", "null"] },
  compression: { enum: ["none", "zstd"] },
})

const verdictCounts = { type: "object", additionalProperties: count }

const verification = object({
  view: text,
  verdict: { enum: ["equal", "different", "nothing-compared", "empty", "cannot"] },
  reason: textOrNull,
  epoch: count,
  at: instant,
  duration_ms: count,
  rows_compared: count,
  events_read: count,
  differences: object({ missing: count, extra: count, different: count }),
  examples: list(
    object({
      kind: { enum: ["missing", "extra", "different"] },
      live: { type: ["object", "null"] },
      history: { type: ["object", "null"] },
    }),
  ),
})

const verificationRun = object({
  id: text,
  view: text,
  state: { enum: ["waiting", "running", "done", "failed", "stopped"] },
  asked_at: instant,
  events_read: count,
  progress: { type: "number", minimum: 0, maximum: 1 },
  verification: { anyOf: [verification, { type: "null" }] },
  error: { anyOf: [object({ status: count, code: text, detail: text }), { type: "null" }] },
})

const explainedEvent = { event: text, partition: count, offset: count, appended_at: instant, value: text }

const view = object({
  name: text,
  description: textOrNull,
  columns: list(object({ name: text, type: text, nullable: flag })),
  key: { type: ["array", "null"], items: text },
  epoch: count,
  row_count: count,
  watermark: instantOrNull,
  lag: object({ events: count, ms: { type: "number", minimum: 0 } }),
  appended: count,
  verdicts: verdictCounts,
  verification: { anyOf: [verification, { type: "null" }] },
  emit: { enum: ["changes", "final"] },
  allowed_lateness_ms: count,
  events: list(text),
  views: list(text),
  fingerprint: text,
  sql: text,
})

const markProperties = {
  state: { enum: ["open", "sending", "replayed", "discarded"] },
  id: textOrNull,
  at: instant,
  receipt: textOrNull,
  place: { anyOf: [object({ partition: count, offset: count }), { type: "null" }] },
  field: textOrNull,
  code: textOrNull,
  message: textOrNull,
}
const markOrNull = { anyOf: [object(markProperties), { type: "null" }] }

const deadLetter = {
  ...{ id: text, event: text, source: text, at: instant, ...rejectedRow, text },
  state: { enum: ["open", "replayed", "discarded"] },
  replay: markOrNull,
}

const replay = {
  ...{ id: text, status: { enum: ["running", "done", "interrupted", "failed"] } },
  ...{ created_at: instant, finished_at: instantOrNull },
  ...{ total: count, accepted: count, duplicates: count, rejected: count, error: textOrNull },
}

const corrected = { type: "object", description: "The corrected row; without it the row as it was." }

export const SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Problem: {
    type: "object",
    description: "RFC 9457. Further members depend on the code.",
    properties: {
      ...problemProperties,
      retry_after_ms: count,
      suggestions: list(text),
      valid: list(text),
      parameter: text,
    },
    required: ["type", "title", "status", "detail", "code"],
  },
  IngestAnswer: object(ingestProperties),
  IngestProblem: object({ ...problemProperties, ...ingestProperties }, ["instance"]),
  Verification: verification,
  VerificationRun: verificationRun,
  Explanation: object({
    view: text,
    epoch: count,
    row: { type: ["object", "null"] },
    events: list(object(explainedEvent)),
    more_events: flag,
    left_out: list(
      object({
        ...explainedEvent,
        verdict: { enum: ["filtered", "late", "failed", "duplicate"] },
        reason: text,
      }),
    ),
    more_left_out: flag,
  }),
  EventRecord: object({
    ...explainedEvent,
    replay: markOrNull,
    views: list(
      object({
        view: text,
        verdict: { enum: ["applied", "filtered", "late", "failed", "duplicate", "pending", null] },
        reason: textOrNull,
      }),
    ),
  }),
  Lateness: object({
    view: text,
    watermark: instantOrNull,
    held_by: {
      anyOf: [
        object({ event: text, partition: { type: ["integer", "null"] }, since: instantOrNull }),
        { type: "null" },
      ],
    },
    sources: list(
      object({
        event: text,
        watermark: instantOrNull,
        out_of_orderness_ms: count,
        holding_partition: { type: ["integer", "null"] },
        held_since: instantOrNull,
        partitions: list(object({ partition: count, end: count, processed: count, idle: flag })),
      }),
    ),
  }),
  ViewPlan: viewPlan,
  AdviceList: adviceList,
  BackupRequest: object(
    {
      to: { type: "string", description: "Absolute path: empty, not there, or with earlier backups." },
      keep: { type: ["integer", "null"], minimum: 1, description: "Remove older ones beyond so many." },
    },
    ["keep"],
  ),
  BackupAnswer: object({
    id: text,
    taken_at: instant,
    duration_ms: count,
    files: count,
    bytes: count,
    new_bytes: count,
    removed: list(text),
  }),
  QueryRequest: object(
    {
      sql: {
        type: "string",
        description:
          "One SELECT in ClickHouse's SQL; parameters as {name:Type}, the past as lake.EVENT AT 'time'.",
      },
      params: { type: "object", description: "A value for each parameter of the SQL." },
      format: { enum: ["json", "ndjson", "csv", "arrow", "parquet", "orc", "avro"] },
      numbers: { enum: ["string", "json"], default: "string" },
      timeout_ms: { type: "integer", minimum: 1 },
      query_id: {
        type: "string",
        description: "For DELETE /v1/queries/:id; one is made where it is missing.",
      },
    },
    ["params", "format", "numbers", "timeout_ms", "query_id"],
  ),
  QueryAnswer: {
    type: "object",
    description: "Of format json; the others have their own types.",
    properties: {
      meta: list(object({ name: text, type: text })),
      data: list({ type: "object" }),
      rows: count,
      statistics: { type: "object" },
    },
    required: ["meta", "data", "rows"],
  },
  QueryList: object({
    queries: list(object({ id: text, sql: text, format: text, started_at: instant, elapsed_ms: count })),
  }),
  QueryCancelled: object({ id: text, cancelled: { const: true } }),
  Lake: object({
    archived_rows: count,
    archived_bytes: count,
    waiting_records: count,
    last_commit_at: { anyOf: [instant, { type: "null" }] },
    last_error: { anyOf: [object({ code: text, message: text, at: instant }), { type: "null" }] },
    tables: list(
      object({
        event: text,
        location: text,
        rows: count,
        files: count,
        bytes: count,
        columns: list(text),
        archived: { type: "object", additionalProperties: list(count) },
        snapshots: list(object({ id: text, at: instant, operation: text })),
      }),
    ),
  }),
  EventList: object({ events: list(object(eventProperties)) }),
  Event: object({
    ...eventProperties,
    settings: eventSettings,
    fingerprint: text,
    json_schema: { type: "object" },
  }),
  Store: object({
    state: { type: "string", enum: ["off", "starting", "ready", "restarting", "unavailable", "stopped"] },
    reason: textOrNull,
    version: textOrNull,
    crashes: count,
    tables: list(
      object({
        table: text,
        state: { type: "string", enum: ["waiting", "loading", "following"] },
        reason: textOrNull,
        lag: object({ rows: { type: ["integer", "null"] }, ms: count }),
        written_rows: count,
      }),
    ),
  }),
  ViewList: object({ views: list(view) }),
  View: view,
  Rows: object(
    {
      rows: list({ type: "object" }),
      cursor: textOrNull,
      epoch: count,
      watermark: instantOrNull,
      row_count: count,
      receipt: object({
        processed: flag,
        verdicts: { anyOf: [verdictCounts, { type: "null" }] },
        failures: { anyOf: [verdictCounts, { type: "null" }] },
        forgotten: { anyOf: [count, { type: "null" }] },
      }),
    },
    ["receipt"],
  ),
  RejectedList: object({
    rejected: list(object({ event: textOrNull, at: instant, ...rejectedRow, text })),
  }),
  DeadLetterList: object({
    dead_letters: list(object(deadLetter)),
    counts: object({ open: count, replayed: count, discarded: count }),
    cursor: textOrNull,
  }),
  DeadLetter: object({ ...deadLetter, bytes: { type: "string", contentEncoding: "base64" } }),
  LeftOutRows: object({
    rows: list(
      object({
        ...{
          event: textOrNull,
          partition: count,
          offset: count,
          appended_at: instantOrNull,
          reason: textOrNull,
        },
        ...{ value: { type: ["object", "null"] }, replay: markOrNull },
      }),
    ),
    cursor: textOrNull,
  }),
  Replay: object(replay),
  ReplayWithRows: object({
    ...replay,
    rows: list(object({ of: text, ...markProperties })),
    rows_truncated: flag,
  }),
  ReplayList: object({ replays: list(object(replay)) }),
  ReplayRequest: {
    oneOf: [
      object({ dead_letters: list(object({ id: text, value: corrected }, ["value"])) }),
      object({ event: text, all: { const: true } }),
      object(
        {
          view: text,
          verdict: { enum: ["late", "failed"] },
          rows: list(object({ event: text, partition: count, offset: count, value: corrected }, ["value"])),
        },
        ["view", "verdict"],
      ),
    ],
  },
  Health: object({ status: { const: "ok" }, version: text, started_at: instant, uptime_ms: count }),
  Readiness: object({ ready: flag, project: textOrNull }),
  Document: { type: "object" },
}
