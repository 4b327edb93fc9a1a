/** One event: what it says, and what each view that it reaches has made of it. */
import { readRows } from "../api/client.ts"
import { type EventRecord, type Ruling, readTrail, type Trail } from "../api/records.ts"
import { TERM_MEANINGS } from "../format/verdicts.ts"
import { useAnswer } from "../live/use-answer.ts"
import type { Status } from "../live/use-status.ts"
import { rowQuestion } from "../send/row-question.ts"
import { AnswerState } from "./answer-state.tsx"
import { useInspect } from "./inspect-context.ts"
import { type KeyValues, whyKey } from "./question.ts"
import { placeWords, RecordValue } from "./record-item.tsx"

interface Props {
  readonly record: EventRecord
  readonly status: Status
  /** A link leads to a place on the page behind the sheet. */
  readonly onLeave: () => void
}

export function EventPanel({ record, status, onLeave }: Props) {
  const event = status.events.find(({ name }) => name === record.event) ?? null
  const processed = event?.partitions[record.partition]?.processed ?? 0
  // Asked again once its turn has come.
  const asked = useAnswer(String(record.offset < processed), () => readTrail(record))
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
        <AnswerState asked={asked} doing="Asking what each view made of it" />
        {asked.value !== null && <Rulings trail={asked.value} status={status} onLeave={onLeave} />}
      </section>
    </>
  )
}

interface RulingsProps {
  readonly trail: Trail
  readonly status: Status
  readonly onLeave: () => void
}

function Rulings({ trail, status, onLeave }: RulingsProps) {
  return (
    <>
      {trail.views.length === 0 && <p className="note">No view reads {trail.event}.</p>}
      <ol className="fates">
        {trail.views.map((ruling) => (
          <li key={ruling.view}>
            <RulingItem trail={trail} ruling={ruling} status={status} onLeave={onLeave} />
          </li>
        ))}
      </ol>
      {trail.replay !== null && (
        <p className="note">
          {trail.replay.state === "replayed" ? "It was sent again" : `Sent again: ${trail.replay.state}`}
          {trail.replay.id !== null && (
            <>
              {" "}
              by replay <code>{trail.replay.id}</code>
            </>
          )}
          .
        </p>
      )}
    </>
  )
}

interface RulingProps extends RulingsProps {
  readonly ruling: Ruling
}

function RulingItem({ trail, ruling, status, onLeave }: RulingProps) {
  const inspect = useInspect()
  const { view, verdict } = ruling
  const found = useAnswer(verdict === "applied" ? view : null, () => findRow(trail, status, view))
  const row = found.value?.key ?? null
  const isHidden = found.value !== null && found.value.key === null
  return (
    <div className="fate">
      <p className="arrival-line">
        <a href={`#view-${view}`} onClick={onLeave}>
          {view}
        </a>
        <span className="verdict" data-verdict={verdict ?? "unknown"}>
          {verdict ?? "not known"}
        </span>
        {row !== null && (
          <button
            type="button"
            className="button quiet"
            onClick={() => inspect({ kind: "why", view, key: row })}
          >
            The row it is in
            <span className="unseen"> in {view}</span>
          </button>
        )}
      </p>
      <p className="note">
        {meaning(ruling)}
        {isHidden && "; the view's SQL does not show the row that it counts for now"}
      </p>
    </div>
  )
}

/** The row that an event's own fields and its time name. */
interface Found {
  /** Null when the view has no such row now. */
  readonly key: KeyValues | null
}

/** Null where the fields do not name a row. */
async function findRow(trail: Trail, status: Status, name: string): Promise<Found | null> {
  const view = status.views.find((candidate) => candidate.name === name)
  const event = status.events.find((candidate) => candidate.name === trail.event)
  const { value } = trail
  if (view === undefined || event === undefined || view.key === null) return null
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null
  const { where = [], sort } = rowQuestion(view, event, JSON.stringify(value))
  if (where.length < view.key.length) return null
  const { rows } = await readRows(name, { limit: 1, where, ...(sort === undefined ? {} : { sort }) })
  return { key: rows[0] === undefined ? null : whyKey(view, rows[0]) }
}

function meaning({ verdict, reason }: Ruling): string {
  const general = verdict === null ? null : TERM_MEANINGS[verdict]
  return [general, reason].filter((part) => part !== null && part !== "").join(": ")
}
