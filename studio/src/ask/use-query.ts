/** Runs one query at a time, says how it goes, and cancels it at the platform when the reader has enough. */
import { useCallback, useEffect, useRef, useState } from "react"
import { ApiFailure, wordsOf } from "../api/http.ts"
import { cancelQuery, type QueryResult, runQuery } from "../api/storage.ts"

export type QueryState =
  | { readonly kind: "idle" }
  | { readonly kind: "running"; readonly sql: string; readonly startedAtMs: number }
  | { readonly kind: "done"; readonly sql: string; readonly result: QueryResult; readonly tookMs: number }
  | { readonly kind: "cancelled"; readonly sql: string; readonly tookMs: number }
  | {
      readonly kind: "failed"
      readonly sql: string
      readonly why: QueryFailure
      readonly code: string | null
      /** Where in the SQL, in characters from 1, when the platform says so. */
      readonly position: number | null
      readonly message: string
    }

/** The SQL is wrong, not allowed, more than the limits let through, or there is nothing to ask. */
export type QueryFailure = "wrong" | "refused" | "limited" | "unavailable"

export interface Query {
  readonly state: QueryState
  /** The last answer and its question; they stay in sight while another one is on its way. */
  readonly last: Answered | null
  run(sql: string): void
  cancel(): void
}

export interface Answered {
  readonly sql: string
  readonly result: QueryResult
}

interface Running {
  readonly id: string
  readonly stop: AbortController
  readonly sql: string
  readonly startedAtMs: number
}

export function useQuery(): Query {
  const [state, setState] = useState<QueryState>({ kind: "idle" })
  const [last, setLast] = useState<Answered | null>(null)
  const running = useRef<Running | null>(null)

  const cancel = useCallback(() => {
    const query = running.current
    if (query === null) return
    running.current = null
    setState({ kind: "cancelled", sql: query.sql, tookMs: performance.now() - query.startedAtMs })
    cancelQuery(query.id)
      // It may have ended in the meantime, which is what was wanted.
      .catch((error: unknown) => console.info(`cancel: ${wordsOf(error)}`))
      .finally(() => query.stop.abort())
  }, [])

  const run = useCallback(
    (sql: string) => {
      if (sql.trim() === "") return
      cancel()
      const query: Running = {
        id: crypto.randomUUID(),
        stop: new AbortController(),
        sql,
        startedAtMs: performance.now(),
      }
      running.current = query
      setState({ kind: "running", sql, startedAtMs: query.startedAtMs })
      const end = (next: QueryState): void => {
        if (running.current !== query) return
        running.current = null
        setState(next)
      }
      runQuery({ sql, id: query.id, signal: query.stop.signal }).then(
        (answer) => {
          if (running.current === query) setLast({ sql, result: answer })
          end({ kind: "done", sql, result: answer, tookMs: performance.now() - query.startedAtMs })
        },
        (error: unknown) => end(failed(query, error)),
      )
    },
    [cancel],
  )
  useEffect(() => cancel, [cancel])
  return { state, last, run, cancel }
}

function failed({ sql, startedAtMs }: Running, error: unknown): QueryState {
  const code = error instanceof ApiFailure ? error.code : null
  if (code === "query-cancelled") return { kind: "cancelled", sql, tookMs: performance.now() - startedAtMs }
  const given = error instanceof ApiFailure ? error.fields["position"] : null
  const position = typeof given === "number" ? given : null
  return { kind: "failed", sql, why: kindOf(error), code, position, message: wordsOf(error) }
}

/** Too large, too many, too long. */
const LIMITS: ReadonlySet<number | null> = new Set([422, 429, 504])

function kindOf(error: unknown): QueryFailure {
  if (!(error instanceof ApiFailure)) return "wrong"
  if (error.status === null || error.status === 503) return "unavailable"
  if (error.status === 403 || error.code === "query-refused") return "refused"
  return LIMITS.has(error.status) ? "limited" : "wrong"
}
