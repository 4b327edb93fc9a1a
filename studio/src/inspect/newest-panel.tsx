/** The newest events of a stream, as they come: any of them can be followed. */
import { useEffect, useState } from "react"
import type { EventRecord } from "../api/records.ts"
import { tailUrl } from "../api/records.ts"
import { newestSql } from "../ask/examples.ts"
import { placeName } from "./question.ts"
import { RecordItem } from "./record-item.tsx"

const KEPT = 40
/** Painted so often; a stream of thousands a second is still a list that one can read. */
const PAINT_EVERY_MS = 500

type TailRecord = Omit<EventRecord, "event">

interface Props {
  readonly event: string
  readonly onSql: (sql: string) => void
}

export function NewestPanel({ event, onSql }: Props) {
  const [held, setHeld] = useState(false)
  const { records, connected } = useTail(event, held)
  return (
    <section className="sheet-section" aria-label={`Newest events of ${event}`}>
      <p className="lead">
        {connected ? "As they come, newest first." : "Connecting…"}{" "}
        <button
          type="button"
          className="button quiet"
          aria-pressed={held}
          onClick={() => setHeld((before) => !before)}
        >
          {held ? "Go on" : "Hold still"}
        </button>{" "}
        <button type="button" className="button quiet" onClick={() => onSql(newestSql(event))}>
          Earlier ones in SQL
        </button>
      </p>
      {records.length === 0 && (
        <p className="state" role="status">
          <span className="ripple" aria-hidden="true" /> Waiting for the next event…
        </p>
      )}
      <ol className="records">
        {records.map((record) => (
          <li key={placeName(record)}>
            <RecordItem record={record} />
          </li>
        ))}
      </ol>
    </section>
  )
}

function useTail(event: string, held: boolean) {
  const [records, setRecords] = useState<readonly EventRecord[]>([])
  const [connected, setConnected] = useState(false)
  useEffect(() => {
    if (held) return
    let waiting: EventRecord[] = []
    const source = new EventSource(tailUrl(event))
    source.addEventListener("open", () => setConnected(true))
    source.addEventListener("error", () => setConnected(false))
    source.addEventListener("records", (message) => {
      const { records: came } = JSON.parse(message.data as string) as { records: readonly TailRecord[] }
      waiting.push(...came.slice(-KEPT).map((record) => ({ ...record, event })))
      waiting = waiting.slice(-KEPT)
    })
    const timer = setInterval(() => {
      if (waiting.length === 0) return
      const newest = waiting.reverse()
      waiting = []
      setRecords((before) => [...newest, ...before].slice(0, KEPT))
    }, PAINT_EVERY_MS)
    return () => {
      source.close()
      clearInterval(timer)
    }
  }, [event, held])
  return { records, connected }
}
