/** What the platform said, and how far the event has come: at the door, then in each view. */
import type { IngestAnswer, View } from "../api/types.ts"
import { VERDICTS } from "../api/types.ts"
import { formatCell } from "../format/cells.ts"
import { VERDICT_MEANINGS } from "../format/verdicts.ts"
import type { Arrival, SendState } from "./use-send.ts"

interface Props {
  readonly state: SendState
  readonly views: readonly View[]
}

export function SendAnswer({ state, views }: Props) {
  return (
    <div className="answer" role="status" aria-live="polite">
      {state.kind === "failed" && (
        <p className="answer-line" data-tone="bad">
          <strong>Not sent.</strong> {state.problem}
        </p>
      )}
      {state.kind === "answered" && (
        <>
          <AtTheDoor answer={state.answer} />
          {state.arrivals.size > 0 && (
            <ol className="arrivals" aria-label="What each view did with it">
              {[...state.arrivals.values()].map((arrival) => (
                <li key={arrival.view}>
                  <InView arrival={arrival} view={views.find(({ name }) => name === arrival.view) ?? null} />
                </li>
              ))}
            </ol>
          )}
        </>
      )}
    </div>
  )
}

function AtTheDoor({ answer }: { readonly answer: IngestAnswer }) {
  if (answer.rejected.length > 0) {
    return (
      <div className="answer-line" data-tone="bad">
        <p>
          <strong>Rejected.</strong> Nothing was stored.
        </p>
        <ul>
          {answer.rejected.map((row) => (
            <li key={`${row.index} ${row.field} ${row.code}`}>
              {row.field !== null && <code>{row.field}</code>} {row.message}{" "}
              <span className="code-tag">{row.code}</span>
            </li>
          ))}
        </ul>
      </div>
    )
  }
  if ((answer.dead_lettered ?? 0) > 0) {
    return (
      <p className="answer-line" data-tone="wait">
        <strong>Kept as a dead letter.</strong> It breaks its contract;{" "}
        <a href="#dead-letters">mend it there</a>.
      </p>
    )
  }
  const duplicate = answer.duplicates > 0
  return (
    <p className="answer-line" data-tone={duplicate ? "wait" : "good"}>
      <strong>{duplicate ? "Duplicate." : "Accepted."}</strong>{" "}
      {duplicate ? "Its id was seen before; it counts once. " : "Durable on disk. "}
      {answer.receipt !== null && (
        <span className="note">
          receipt{" "}
          <code className="receipt" title={answer.receipt}>
            {answer.receipt}
          </code>
        </span>
      )}
    </p>
  )
}

function InView({ arrival, view }: { readonly arrival: Arrival; readonly view: View | null }) {
  const verdicts = VERDICTS.filter((name) => (arrival.verdicts?.[name] ?? 0) > 0)
  const waiting = arrival.verdicts === null && arrival.problem === null
  return (
    <>
      <p className="arrival-line">
        <a href={`#view-${arrival.view}`}>{arrival.view}</a>{" "}
        {waiting && <span className="note">waiting…</span>}
        {verdicts.map((name) => (
          <span key={name} className="verdict" data-verdict={name} title={VERDICT_MEANINGS[name]}>
            {name}
          </span>
        ))}
        {arrival.verdicts !== null && verdicts.length === 0 && <span className="note">does not read it</span>}
        {arrival.tookMs !== null && arrival.problem === null && (
          <span className="note">{Math.max(1, Math.round(arrival.tookMs))} ms</span>
        )}
        {arrival.problem !== null && <span className="note">{arrival.problem}</span>}
      </p>
      {verdicts.some((name) => name !== "applied") && (
        <p className="note">
          {verdicts
            .filter((name) => name !== "applied")
            .map((name) => VERDICT_MEANINGS[name])
            .join("; ")}
        </p>
      )}
      {arrival.row !== null && view !== null && (
        <dl className="arrival-row">
          {view.columns.map((column) => (
            <div key={column.name}>
              <dt>{column.name}</dt>
              <dd>{formatCell(arrival.row?.[column.name], column) || "null"}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  )
}
