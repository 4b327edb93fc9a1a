/** How a query went, in one line of a fixed height, and what is wrong with it where something is. */
import { useEffect, useState } from "react"
import type { QueryResult } from "../api/storage.ts"
import { formatCompact, formatCount } from "../format/numbers.ts"
import { errorPlace, type Place } from "./error-place.ts"
import type { QueryState } from "./use-query.ts"

const TICK_MS = 100

export function QueryLine({ state }: { readonly state: QueryState }) {
  return (
    <p className="query-line" role="status">
      {state.kind === "idle" && (
        <span className="note">Ready. Read-only; what is asked changes nothing.</span>
      )}
      {state.kind === "running" && (
        <>
          <span className="ripple" aria-hidden="true" /> Running <Elapsed sinceMs={state.startedAtMs} />
          <span className="note"> Escape cancels</span>
        </>
      )}
      {state.kind === "done" && (
        <>
          <strong>{formatCount(state.result.rows)}</strong> {state.result.rows === 1 ? "row" : "rows"} in{" "}
          <strong>{milliseconds(state.tookMs)}</strong>
          <span className="note">{readWords(state.result)}</span>
        </>
      )}
      {state.kind === "cancelled" && <>Cancelled after {milliseconds(state.tookMs)}.</>}
      {state.kind === "failed" && <>{FAILED_WORDS[state.why]}</>}
    </p>
  )
}

const FAILED_WORDS = {
  wrong: "No answer.",
  refused: "Refused.",
  limited: "Stopped at a limit.",
  unavailable: "The store does not answer.",
} as const

function readWords({ statistics }: QueryResult): string {
  if (statistics?.rows_read === undefined) return ""
  const bytes = statistics.bytes_read === undefined ? "" : `, ${formatBytes(statistics.bytes_read)}`
  return ` · read ${formatCompact(statistics.rows_read)} rows${bytes}`
}

export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"]
  let size = bytes
  let unit = 0
  for (; size >= 1_000 && unit < units.length - 1; unit++) size /= 1_000
  return `${size >= 100 || unit === 0 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`
}

function milliseconds(ms: number): string {
  return ms < 1_000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1_000).toFixed(2)} s`
}

/** Hidden from screen readers, which would hear every tenth of a second. */
function Elapsed({ sinceMs }: { readonly sinceMs: number }) {
  const [nowMs, setNowMs] = useState(sinceMs)
  useEffect(() => {
    const timer = setInterval(() => setNowMs(performance.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  return <span aria-hidden="true">{((nowMs - sinceMs) / 1_000).toFixed(1)} s</span>
}

interface ProblemProps {
  readonly state: QueryState
  readonly onPlace: (place: Place) => void
}

export function QueryProblem({ state, onPlace }: ProblemProps) {
  if (state.kind !== "failed") return null
  const place = state.why === "wrong" ? errorPlace(state.sql, state.message, state.position) : null
  const tone = state.why === "wrong" ? "bad" : "wait"
  return (
    <div className="query-problem" data-tone={tone} role="alert">
      <p>
        <strong>{HEADS[state.why]}</strong> {state.message}{" "}
        {state.code !== null && <span className="code-tag">{state.code}</span>}
      </p>
      {place !== null && (
        <>
          <pre className="error-line" aria-hidden="true">
            <span className="line-number">{place.line}</span>
            {place.text.slice(0, place.column - 1)}
            <mark>
              {place.text.slice(place.column - 1, place.column - 1 + place.end - place.start) || " "}
            </mark>
            {place.text.slice(place.column - 1 + place.end - place.start)}
          </pre>
          <button type="button" className="button quiet" onClick={() => onPlace(place)}>
            Go to line {place.line}, column {place.column}
          </button>
        </>
      )}
    </div>
  )
}

const HEADS = {
  wrong: "The query did not run.",
  refused: "Not allowed.",
  limited: "More than the limits allow.",
  unavailable: "Queries need the store.",
} as const
