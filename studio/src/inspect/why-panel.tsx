/** A row of a view, the events that it comes from, and those that one might have expected in it. */
import { useState } from "react"
import { readWhy, type Why } from "../api/records.ts"
import type { View } from "../api/types.ts"
import { formatCell, isNumeric } from "../format/cells.ts"
import { formatCount } from "../format/numbers.ts"
import { useAnswer } from "../live/use-answer.ts"
import type { Status } from "../live/use-status.ts"
import { AnswerState } from "./answer-state.tsx"
import { type KeyValues, placeName } from "./question.ts"
import { RecordItem } from "./record-item.tsx"

const FIRST = 20
/** Each "more" asks for so many times as much. */
const MORE_TIMES = 4
const MOST = 1_000

interface Props {
  readonly view: string
  readonly keyValues: KeyValues
  readonly status: Status
}

export function WhyPanel({ view: name, keyValues, status }: Props) {
  const [limit, setLimit] = useState(FIRST)
  const asked = useAnswer(`${limit}`, () => readWhy(name, keyValues, limit))
  const view = status.views.find((candidate) => candidate.name === name) ?? null
  const why = asked.value
  const more = (): void => setLimit(Math.min(MOST, limit * MORE_TIMES))
  return (
    <>
      <RowFacts view={view} keyValues={keyValues} why={why} />
      <AnswerState asked={asked} doing="Running the view's SQL backwards over history" />
      {why !== null && (
        <>
          <Events why={why} limit={limit} loading={asked.loading} onMore={more} />
          <LeftOut why={why} limit={limit} loading={asked.loading} onMore={more} />
        </>
      )}
    </>
  )
}

interface FactsProps {
  readonly view: View | null
  readonly keyValues: KeyValues
  readonly why: Why | null
}

function RowFacts({ view, keyValues, why }: FactsProps) {
  const known = Object.fromEntries(keyValues)
  const gone = why !== null && why.row === null
  return (
    <>
      {gone && (
        <p className="state" data-tone="wait">
          <strong>The view does not have this row now.</strong> It may have changed since it was drawn.
        </p>
      )}
      <dl className="row-facts">
        {(view?.columns ?? []).map((column) => {
          const value = why?.row?.[column.name] ?? known[column.name]
          const unknown = value === undefined
          return (
            <div key={column.name} data-number={isNumeric(column) ? "" : undefined}>
              <dt>{column.name}</dt>
              <dd>
                {unknown ? (
                  <span className="note">…</span>
                ) : value === null ? (
                  <span className="null">null</span>
                ) : (
                  formatCell(value, column)
                )}
              </dd>
            </div>
          )
        })}
      </dl>
    </>
  )
}

interface ListProps {
  readonly why: Why
  readonly limit: number
  readonly loading: boolean
  readonly onMore: () => void
}

function Events({ why, limit, loading, onMore }: ListProps) {
  return (
    <section className="sheet-section" aria-labelledby="why-events">
      <h3 id="why-events">
        Events behind it <Shown shown={why.events.length} more={why.more_events} />
      </h3>
      {why.events.length === 0 && (
        <p className="note">No event that is still in history went into this row.</p>
      )}
      <ol className="records">
        {why.events.map((record) => (
          <li key={placeName(record)}>
            <RecordItem record={record} />
          </li>
        ))}
      </ol>
      <More more={why.more_events} limit={limit} loading={loading} onMore={onMore} />
    </section>
  )
}

function LeftOut({ why, limit, loading, onMore }: ListProps) {
  return (
    <section className="sheet-section" aria-labelledby="why-left-out">
      <h3 id="why-left-out">
        Left out of it <Shown shown={why.left_out.length} more={why.more_left_out} />
      </h3>
      {why.left_out.length === 0 && <p className="note">Nothing that belongs here was left out.</p>}
      <ol className="records">
        {why.left_out.map((record) => (
          <li key={`${placeName(record)} ${record.verdict}`}>
            <RecordItem record={record} verdict={record.verdict} reason={record.reason} />
          </li>
        ))}
      </ol>
      <More more={why.more_left_out} limit={limit} loading={loading} onMore={onMore} />
    </section>
  )
}

interface ShownProps {
  readonly shown: number
  readonly more: boolean
}

function Shown({ shown, more }: ShownProps) {
  return <span className="count">{`${formatCount(shown)}${more ? "+" : ""}`}</span>
}

interface MoreProps extends Omit<ListProps, "why"> {
  readonly more: boolean
}

function More({ more, limit, loading, onMore }: MoreProps) {
  if (!more) return null
  if (limit >= MOST) return <p className="note">The first {formatCount(MOST)}; a query can count them all.</p>
  return (
    <button type="button" className="button" onClick={onMore} aria-disabled={loading}>
      {loading ? "Reading…" : "More"}
    </button>
  )
}
