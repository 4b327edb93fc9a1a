/** An event in the log: where it is, when it came, what it says; a button that follows it further. */
import { memo, type ReactNode } from "react"
import type { EventRecord } from "../api/records.ts"
import type { Cell } from "../api/types.ts"
import { formatCount } from "../format/numbers.ts"
import { formatClock, formatInstant } from "../format/times.ts"
import { useInspect } from "./inspect-context.ts"

interface Props {
  readonly record: EventRecord
  /** What a view ruled on it. */
  readonly verdict?: string
  readonly reason?: string | null
  readonly children?: ReactNode
}

export const RecordItem = memo(function RecordItem({ record, verdict, reason, children }: Props) {
  const inspect = useInspect()
  return (
    <article className="record" aria-label={`${record.event}, ${placeWords(record)}`}>
      <p className="record-head">
        <span className="tag">{record.event}</span>
        {verdict !== undefined && (
          <span className="verdict" data-verdict={verdict}>
            {verdict}
          </span>
        )}
        <span className="note">
          {placeWords(record)} · <When instant={record.appended_at} />
        </span>
        <button
          type="button"
          className="button quiet"
          onClick={() => inspect({ kind: "event", record })}
          aria-label={`Where it went: ${record.event}, ${placeWords(record)}`}
        >
          Where it went
        </button>
      </p>
      {reason !== undefined && reason !== null && reason !== "" && <p className="record-reason">{reason}</p>}
      <RecordValue value={record.value} />
      {children}
    </article>
  )
})

export function placeWords({ partition, offset }: Pick<EventRecord, "partition" | "offset">): string {
  return `partition ${partition}, offset ${formatCount(offset)}`
}

/** Today's things by the clock, older ones by date. */
function When({ instant }: { readonly instant: string }) {
  const today = new Date().toISOString().slice(0, 10) === instant.slice(0, 10)
  return (
    <time dateTime={instant} title={instant}>
      {today ? formatClock(instant) : formatInstant(instant)}
    </time>
  )
}

/** Fields in the order of the producer's JSON. */
export function RecordValue({ value }: { readonly value: Cell }) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return <code className="record-value">{typeof value === "string" ? value : JSON.stringify(value)}</code>
  }
  return (
    <code className="record-value">
      {Object.entries(value).map(([name, field]) => (
        <span key={name} className="pair">
          <span className="pair-name">{name}</span> <span className="unseen">is</span>
          {JSON.stringify(field)}
        </span>
      ))}
    </code>
  )
}
