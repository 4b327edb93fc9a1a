/**
 * What a text sets out to be, by its first word. It is only for the words of a refusal: what passes here is
 * read by ClickHouse's parser next, and the gate looks at what that made of it.
 */
import type { Refusal } from "./errors.ts"

/** Spaces, and comments in both spellings. */
const NOTHING = /^(?:[\s\u00a0\ufeff;]+|--[^\n]*(?:\n|$)|#[! ][^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/

const READS: ReadonlySet<string> = new Set(["SELECT", "WITH", "FROM"])

const ADVICE: ReadonlyMap<string, string> = new Map([
  ["SHOW", "GET /v1/store lists the tables and their columns"],
  ["DESCRIBE", "GET /v1/store lists the tables and their columns"],
  ["DESC", "GET /v1/store lists the tables and their columns"],
  ["EXISTS", "GET /v1/store lists the tables and their columns"],
  ["EXPLAIN", "run the SELECT; its answer has statistics"],
  ["INSERT", "events are sent to POST /v1/events/:event"],
  ["KILL", "DELETE /v1/queries/:id cancels a query"],
  ["SET", "values are given as params, and a time limit as timeout_ms"],
  ["USE", "write events.NAME or views.NAME"],
])

/** Null for what may be a SELECT. */
export function refusalOfStatement(sql: string): Refusal | null {
  const text = sql.replace(NOTHING, "")
  const word = /^[A-Za-z_]+/.exec(text)?.[0].toUpperCase()
  if (word === undefined || READS.has(word)) return null
  // What is no statement at all is the parser's to refuse, with its place.
  if (!STATEMENTS.has(word)) return null
  return {
    construct: `the statement ${word}`,
    reason: "is not a SELECT, and queries only read",
    advice: ADVICE.get(word) ?? "write a SELECT",
  }
}

const STATEMENTS: ReadonlySet<string> = new Set(
  `ALTER ANALYZE ASSUME ATTACH BACKUP BEGIN CALL CHECK COMMIT COPY CREATE DEALLOCATE DELETE DESC DESCRIBE
   DETACH DROP EXCHANGE EXECUTE EXISTS EXPLAIN GRANT IMPORT INSERT KILL LOAD LOCK MOVE OPTIMIZE PARALLEL
   PREPARE RENAME REPLACE RESTORE REVOKE ROLLBACK SET SHOW START STOP SYSTEM TRUNCATE UNDROP UPDATE USE
   WATCH`.split(/\s+/),
)
