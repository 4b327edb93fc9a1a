/** Ask anything of what is stored: ClickHouse SQL over events and views, read-only. */
import { type RefObject, useCallback, useEffect, useRef, useState } from "react"
import { wordsOf } from "../api/http.ts"
import { type FileFormat, queryFile } from "../api/storage.ts"
import { formatCount } from "../format/numbers.ts"
import type { Status } from "../live/use-status.ts"
import type { Place } from "./error-place.ts"
import { type Example, examplesOf } from "./examples.ts"
import { readHistory, remember } from "./history.ts"
import { QueryLine, QueryProblem } from "./query-outcome.tsx"
import { eventOf, ResultTable, SHOWN_ROWS } from "./result-table.tsx"
import { SqlEditor } from "./sql-editor.tsx"
import { useQuery } from "./use-query.ts"

/** How much of an old query its button shows. */
const SHOWN_SQL = 120

/** SQL that another part of the page puts into the box; a new object each time. */
export interface GivenSql {
  readonly sql: string
}

interface Props {
  readonly status: Status
  readonly given: GivenSql | null
}

export function Ask({ status, given }: Props) {
  const [sql, setSql] = useState("")
  const [history, setHistory] = useState(readHistory)
  const { state, last, run, cancel } = useQuery()
  const area = useRef<HTMLTextAreaElement>(null)
  const examples = examplesOf(status.events, status.views)
  const running = state.kind === "running"

  const start = (text: string): void => {
    if (text.trim() === "") {
      area.current?.focus()
      return
    }
    setHistory((before) => remember(before, text.trim()))
    run(text)
  }
  const choose = useCallback((text: string) => {
    setSql(text)
    area.current?.focus()
  }, [])
  useEffect(() => {
    if (given === null) return
    setSql(given.sql)
    // A sheet that closes now gives the focus back first.
    const frame = requestAnimationFrame(() => {
      area.current?.scrollIntoView({ block: "center" })
      area.current?.focus()
    })
    return () => cancelAnimationFrame(frame)
  }, [given])
  const pending = useRef<Place | null>(null)
  const goTo = (place: Place): void => {
    if (state.kind === "failed" && sql !== state.sql) setSql(state.sql)
    pending.current = place
    requestAnimationFrame(() => select(area, pending))
  }
  useEscape(running, cancel)
  return (
    <section id="ask" className="section" aria-labelledby="ask-title" tabIndex={-1}>
      <div className="section-head">
        <h2 id="ask-title">Ask</h2>
        <p>Any question in ClickHouse’s SQL, of every event and of every view.</p>
      </div>
      <div className="ask">
        <Examples examples={examples} onChoose={choose} />
        <SqlEditor
          sql={sql}
          running={running}
          history={history}
          area={area}
          onChange={setSql}
          onRun={() => start(sql)}
          onCancel={cancel}
        />
        <div className="ask-bar">
          {running ? (
            <button type="button" className="button ask-run" onClick={cancel}>
              Cancel
            </button>
          ) : (
            <button type="button" className="button primary ask-run" onClick={() => start(sql)}>
              Run
            </button>
          )}
          <QueryLine state={state} />
          <span className="note keys" id="ask-keys">
            <kbd>Ctrl</kbd> <kbd>Enter</kbd> runs, <kbd>Alt</kbd> <kbd>↑</kbd> the one before
          </span>
        </div>
        <QueryProblem state={state} onPlace={goTo} />
        {last !== null && (
          <div className="ask-result" data-old={state.kind === "done" ? undefined : ""}>
            <ResultTable result={last.result} event={eventOf(last.sql)} />
            {last.result.data.length > 0 && (
              <div className="result-foot">
                <span className="note">{last.result.rows > SHOWN_ROWS && cutWords(last.result.rows)}</span>
                {state.kind === "done" && <Downloads sql={state.sql} />}
              </div>
            )}
          </div>
        )}
        {history.length > 0 && <History history={history} onChoose={choose} />}
      </div>
    </section>
  )
}

function cutWords(rows: number): string {
  return `First ${formatCount(SHOWN_ROWS)} of ${formatCount(rows)} rows; a file has them all.`
}

/** Escape cancels wherever the focus is, unless a sheet is open, which it closes. */
function useEscape(running: boolean, cancel: () => void): void {
  useEffect(() => {
    if (!running) return
    const onKey = (press: KeyboardEvent): void => {
      if (press.key === "Escape" && document.querySelector("dialog[open]") === null) cancel()
    }
    document.addEventListener("keydown", onKey)
    return () => document.removeEventListener("keydown", onKey)
  }, [running, cancel])
}

function select(area: RefObject<HTMLTextAreaElement | null>, pending: RefObject<Place | null>): void {
  const place = pending.current
  if (place === null || area.current === null) return
  area.current.focus()
  area.current.setSelectionRange(place.start, place.end)
  pending.current = null
}

interface ExamplesProps {
  readonly examples: readonly Example[]
  readonly onChoose: (sql: string) => void
}

function Examples({ examples, onChoose }: ExamplesProps) {
  if (examples.length === 0) return null
  return (
    <ul className="examples" aria-label="Examples">
      {examples.map(({ name, sql }) => (
        <li key={name}>
          <button type="button" className="chip" title={sql} onClick={() => onChoose(sql)}>
            {name}
          </button>
        </li>
      ))}
    </ul>
  )
}

interface HistoryProps {
  readonly history: readonly string[]
  readonly onChoose: (sql: string) => void
}

function History({ history, onChoose }: HistoryProps) {
  return (
    <details className="history">
      <summary>Asked before ({history.length})</summary>
      <ol>
        {history.map((sql) => (
          <li key={sql}>
            <button type="button" className="link" title={sql} onClick={() => onChoose(sql)}>
              <code>{sql.replace(/\s+/g, " ").slice(0, SHOWN_SQL)}</code>
            </button>
          </li>
        ))}
      </ol>
    </details>
  )
}

const FILES: readonly (readonly [format: FileFormat, label: string])[] = [
  ["csv", "CSV"],
  ["parquet", "Parquet"],
]

function Downloads({ sql }: { readonly sql: string }) {
  const [words, setWords] = useState<string | null>(null)
  const download = async (format: FileFormat): Promise<void> => {
    setWords("Writing…")
    try {
      save(await queryFile(sql, format, new AbortController().signal), `result.${format}`)
      setWords(null)
    } catch (error) {
      setWords(wordsOf(error))
    }
  }
  return (
    <span className="downloads">
      <span className="note" role="status">
        {words}
      </span>
      {FILES.map(([format, label]) => (
        <button key={format} type="button" className="button quiet" onClick={() => void download(format)}>
          <span className="unseen">Download as </span>
          {label}
        </button>
      ))}
    </span>
  )
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement("a")
  link.href = url
  link.download = name
  link.click()
  // The browser has begun to read it by the next turn.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
