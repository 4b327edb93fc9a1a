/** Where SQL is written. Ctrl or Cmd + Enter runs it, Escape cancels, Alt + ↑ and ↓ walk through history. */
import { type KeyboardEvent, type RefObject, useRef } from "react"

const FEWEST_ROWS = 5
const MOST_ROWS = 16

interface Props {
  readonly sql: string
  readonly running: boolean
  readonly history: readonly string[]
  readonly area: RefObject<HTMLTextAreaElement | null>
  readonly onChange: (sql: string) => void
  readonly onRun: () => void
  readonly onCancel: () => void
}

export function SqlEditor({ sql, running, history, area, onChange, onRun, onCancel }: Props) {
  /** -1: what is being written, which is kept while the reader looks back. */
  const at = useRef(-1)
  const written = useRef("")

  const walk = (step: number): void => {
    const next = Math.max(-1, Math.min(history.length - 1, at.current + step))
    if (next === at.current) return
    if (at.current === -1) written.current = sql
    at.current = next
    onChange(next === -1 ? written.current : (history[next] ?? ""))
  }
  const onKeyDown = (press: KeyboardEvent): void => {
    if (press.key === "Enter" && (press.ctrlKey || press.metaKey)) {
      at.current = -1
      onRun()
    } else if (press.key === "Escape" && running) onCancel()
    else if (press.altKey && press.key === "ArrowUp") walk(1)
    else if (press.altKey && press.key === "ArrowDown") walk(-1)
    else return
    press.preventDefault()
  }
  const rows = Math.max(FEWEST_ROWS, Math.min(MOST_ROWS, sql.split("\n").length + 1))
  return (
    <textarea
      ref={area}
      className="sql-area"
      aria-label="SQL query"
      aria-describedby="ask-keys"
      value={sql}
      rows={rows}
      spellCheck={false}
      autoCapitalize="off"
      autoComplete="off"
      placeholder="SELECT …"
      onKeyDown={onKeyDown}
      onChange={(change) => {
        at.current = -1
        onChange(change.target.value)
      }}
    />
  )
}
