/** One event: what it says, and what each view that reads it has made of it. */
import { useEffect, useState } from "react"
import type { EventRecord } from "../api/records.ts"
import type { EventStream, View } from "../api/types.ts"
import { TERM_MEANINGS } from "../format/verdicts.ts"
import type { Status } from "../live/use-status.ts"
import { readersOf } from "../views/readers.ts"
import { useInspect } from "./inspect-context.ts"
import { placeWords, RecordValue } from "./record-item.tsx"
import { type Fate, followRecord } from "./where-it-went.ts"

interface Props {
  readonly record: EventRecord
  readonly status: Status
  /** A link leads to a place on the page behind the sheet. */
  readonly onLeave: () => void
}

export function EventPanel({ record, status, onLeave }: Props) {
  const event = status.events.find(({ name }) => name === record.event) ?? null
  const views = readersOf(record.event, status.views)
  return (
    <>
      <dl className="row-facts">
        <div>
          <dt>place in the log</dt>
          <dd>{placeWords(record)}</dd>
        </div>
        <div>
          <dt>appended</dt>
          <dd>
            <time dateTime={record.appended_at}>{record.appended_at}</time>
          </dd>
        </div>
      </dl>
      <section className="sheet-section" aria-labelledby="event-value">
        <h3 id="event-value">What it says</h3>
        <RecordValue value={record.value} />
      </section>
      <section className="sheet-section" aria-labelledby="event-fates">
        <h3 id="event-fates">Where it went</h3>
        {views.length === 0 && <p className="note">No view reads {record.event}.</p>}
        <ol className="fates">
          {event !== null &&
            views.map((view) => (
              <li key={view.name}>
                <FateItem record={record} event={event} view={view} onLeave={onLeave} />
              </li>
            ))}
        </ol>
      </section>
    </>
  )
}

interface FateProps {
  readonly record: EventRecord
  readonly event: EventStream
  readonly view: View
  readonly onLeave: () => void
}

function FateItem({ record, event, view, onLeave }: FateProps) {
  const inspect = useInspect()
  const fate = useFate(record, event, view)
  return (
    <div className="fate" aria-busy={fate === null}>
      <p className="arrival-line">
        <a href={`#view-${view.name}`} onClick={onLeave}>
          {view.name}
        </a>
        {fate === null ? (
          <span className="note">looking…</span>
        ) : (
          <span className="verdict" data-verdict={fate.verdict}>
            {fate.verdict}
          </span>
        )}
        {fate !== null && fate.row !== null && (
          <button
            type="button"
            className="button quiet"
            onClick={() => fate.row !== null && inspect({ kind: "why", view: view.name, key: fate.row })}
          >
            {fate.verdict === "applied" ? "The row it is in" : "The row it is not in"}
            <span className="unseen"> in {view.name}</span>
          </button>
        )}
      </p>
      {fate !== null && <p className="note">{meaning(fate)}</p>}
    </div>
  )
}

/** Asked once, and again while it is pending. */
function useFate(record: EventRecord, event: EventStream, view: View): Fate | null {
  const [fate, setFate] = useState<Fate | null>(null)
  const done = fate !== null && fate.verdict !== "pending"
  const processed = event.partitions[record.partition]?.processed ?? 0
  // biome-ignore lint/correctness/useExhaustiveDependencies: status brings new objects each second
  useEffect(() => {
    if (done) return
    let current = true
    void followRecord(record, event, view).then((next) => current && setFate(next))
    return () => {
      current = false
    }
  }, [done, processed])
  return fate
}

function meaning({ verdict, reason }: Fate): string {
  const general = verdict === "unknown" || verdict === "pending" ? "" : TERM_MEANINGS[verdict]
  return [general, reason].filter((part) => part !== "").join(": ")
}
