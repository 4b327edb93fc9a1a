/**
 * What Flink, ksqlDB, RisingWave, Materialize and others write and PostgreSQL's grammar does not take: found
 * in a text that could not be parsed, so that its author hears which construct it is and what to write
 * instead. The first that is met is told; words inside strings and comments may deceive it, but only about a
 * hint.
 */

interface Foreign {
  readonly pattern: RegExp
  readonly construct: string
  readonly instead: string
}

const LENGTHS = "INTERVAL '1 hour'"
const WINDOWS: Readonly<Record<string, string>> = {
  tumble: `tumble(source, time_column, ${LENGTHS})`,
  hop: `hop(source, time_column, INTERVAL '5 minutes', ${LENGTHS})`,
  cumulate: `cumulate(source, time_column, INTERVAL '5 minutes', ${LENGTHS})`,
  session: "session(source, time_column, INTERVAL '30 minutes', key)",
}

const windowed = (name: string): Foreign => ({
  pattern: new RegExp(String.raw`\b${name}\s*\(\s*(?:data\s*=>\s*)?(?:table\b|\(\s*select\b)`, "i"),
  construct: `${name.toUpperCase()}(TABLE …, DESCRIPTOR(…), …)`,
  instead: `write ${WINDOWS[name]} in FROM, without TABLE and DESCRIPTOR`,
})

const inKsql = (word: string, name: string): Foreign => ({
  pattern: new RegExp(String.raw`\bwindow\s+${word}\b`, "i"),
  construct: `WINDOW ${word.toUpperCase()} (…)`,
  instead: `write FROM ${WINDOWS[name]}, and GROUP BY window_end with the other keys`,
})

const NEWEST_BEFORE =
  "join the versions of the time before and keep the newest: SELECT DISTINCT ON (o.id) … FROM o JOIN r ON " +
  "r.key = o.key AND r.at BETWEEN o.at - INTERVAL '1 day' AND o.at ORDER BY o.id, r.at DESC"

const FOREIGN: readonly Foreign[] = [
  {
    pattern: /\bmatch_recognize\s*\(/i,
    construct: "MATCH_RECOGNIZE",
    instead: "write a pattern(), which means the same: docs/patterns.md",
  },
  ...["tumble", "hop", "cumulate", "session"].map(windowed),
  inKsql("tumbling", "tumble"),
  inKsql("hopping", "hop"),
  inKsql("session", "session"),
  {
    pattern: /\bmutually\s+recursive\b/i,
    construct: "WITH MUTUALLY RECURSIVE",
    instead: "write the levels out as separate WITH queries",
  },
  {
    pattern: /^\s*create\s+(?:or\s+replace\s+)?(?:stream|source|sink|table)\b(?!.*\bwatermark\b)/is,
    construct: "CREATE STREAM, SOURCE, SINK or TABLE of this form",
    instead: "write the SELECT alone: view() names it, and event() declares where rows come from",
  },
  {
    pattern: /\b(?:ignore|respect)\s+nulls\b/i,
    construct: "IGNORE NULLS",
    instead: "leave NULLs out in a WITH query, with WHERE x IS NOT NULL",
  },
  {
    pattern: /\basof\s+(?:left\s+)?join\b/i,
    construct: "ASOF JOIN",
    instead: NEWEST_BEFORE,
  },
  {
    pattern: /\bfor\s+system_time\s+as\s+of\b/i,
    construct: "FOR SYSTEM_TIME AS OF",
    instead: NEWEST_BEFORE,
  },
  {
    pattern: /\bwatermark\s+for\b/i,
    construct: "WATERMARK FOR",
    instead: "the event's contract says it: time and outOfOrderness of event()",
  },
  {
    pattern: /\bemit\s+(?:final|on\s+window\s+close)\b/i,
    construct: "EMIT FINAL",
    instead: 'leave it out and declare emit: "final" beside the SQL',
  },
  {
    pattern: /\bemit\s+changes\b/i,
    construct: "EMIT CHANGES",
    instead: "leave it out: a view follows its events by itself",
  },
  {
    pattern: /\bgrace\s+period\b/i,
    construct: "GRACE PERIOD",
    instead: 'leave it out and declare allowedLateness: "10 minutes" beside the SQL',
  },
  {
    pattern: /\bwithin\s+(?:\(\s*)?\d+\s+[a-z]+/i,
    construct: "WITHIN of a join",
    instead: "write it into ON: b.at BETWEEN a.at - INTERVAL '1 hour' AND a.at + INTERVAL '1 hour'",
  },
  {
    pattern: /\bqualify\b/i,
    construct: "QUALIFY",
    instead: "name the window function in a subquery, and write its condition into the WHERE around it",
  },
  {
    pattern: /\b(?:try|safe)_cast\s*\(/i,
    construct: "TRY_CAST",
    instead: "guard the cast: CASE WHEN x ~ '^-?[0-9]+$' THEN x::bigint END",
  },
  {
    pattern: /\b(?:lateral\s+table|unnest|explode)\s*\(/i,
    construct: "LATERAL TABLE or UNNEST here",
    instead: "send an event for each element, or read elements of json with -> and ->>",
  },
  {
    pattern: /\binterval\s+\d/i,
    construct: "INTERVAL without quotes",
    instead: "write INTERVAL '10 minutes'",
  },
  {
    pattern: /`/,
    construct: "names in backquotes",
    instead: 'write them without quotes, or in double quotes: "name"',
  },
  {
    pattern: /\b(?:array|map|row|struct)\s*</i,
    construct: "ARRAY<…>, MAP<…>, ROW<…>",
    instead: "use json, whose parts are read with -> and ->>",
  },
  {
    pattern: /^(?!.*\bover\b).*\bpartition\s+by\b/is,
    construct: "PARTITION BY of a stream",
    instead: "leave it out: a view is read by any of its columns, and joins find their keys themselves",
  },
]

/** What was met, and what to write instead; null when nothing is recognised. */
export function foreignConstruct(
  sql: string,
): { readonly construct: string; readonly instead: string } | null {
  return FOREIGN.find(({ pattern }) => pattern.test(sql)) ?? null
}
