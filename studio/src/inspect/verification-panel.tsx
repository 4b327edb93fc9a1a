/** The last comparison of a view with the second engine, a way to compare now, and where they differ. */
import { useState } from "react"
import { wordsOf } from "../api/http.ts"
import { verifyView } from "../api/records.ts"
import type { Column, Difference, Row, Verification, View } from "../api/types.ts"
import { formatCell, isNumeric } from "../format/cells.ts"
import { formatCount } from "../format/numbers.ts"
import type { Status } from "../live/use-status.ts"
import { CHECK_TONES, CHECK_WORDS, comparedWords } from "../verify/verification-badge.tsx"
import { useInspect } from "./inspect-context.ts"
import { whyRow } from "./question.ts"

interface Props {
  readonly view: string
  readonly status: Status
}

interface Check {
  readonly running: boolean
  /** The answer of a check that was started here. */
  readonly done: Verification | null
  readonly problem: string | null
}

export function VerificationPanel({ view: name, status }: Props) {
  const view = status.views.find((candidate) => candidate.name === name) ?? null
  const [check, setCheck] = useState<Check>({ running: false, done: null, problem: null })
  const run = async (): Promise<void> => {
    if (check.running) return
    setCheck((before) => ({ ...before, running: true, problem: null }))
    try {
      setCheck({ running: false, done: await verifyView(name), problem: null })
    } catch (error) {
      setCheck((before) => ({ ...before, running: false, problem: wordsOf(error) }))
    }
  }
  const shown = newest(check.done, view?.verification ?? null)
  return (
    <>
      <p className="lead">
        The platform keeps this view up to date event by event. The second engine, ClickHouse, reads the bytes
        that producers sent with a parser of its own and computes the same SQL from all of history. The two
        answers must agree, row by row.
      </p>
      <div className="buttons">
        <button
          type="button"
          className="button primary"
          onClick={() => void run()}
          aria-disabled={check.running}
        >
          {check.running ? "Comparing…" : "Compare now"}
        </button>
      </div>
      {check.problem !== null && (
        <p className="state" data-tone="bad" role="alert">
          <strong>Not compared.</strong> {check.problem}
        </p>
      )}
      <Result check={shown} />
      {view !== null && shown !== null && shown.examples.length > 0 && (
        <Differences view={view} check={shown} />
      )}
    </>
  )
}

function newest(mine: Verification | null, known: Verification | null): Verification | null {
  if (mine === null || known === null) return mine ?? known
  return Date.parse(known.at) > Date.parse(mine.at) ? known : mine
}

function Result({ check }: { readonly check: Verification | null }) {
  const result = check?.verdict ?? "never"
  const [mark, words] = CHECK_WORDS[result]
  const count = check === null ? 0 : differenceCount(check)
  return (
    <div className="check-result" data-tone={CHECK_TONES[result]} role="status">
      <p className="check-words">
        <span aria-hidden="true">{mark}</span> {words}
        {result === "different" && ` in ${formatCount(count)} ${count === 1 ? "row" : "rows"}`}
      </p>
      {check !== null && (
        <p className="note">
          {comparedWords(check)} · <time dateTime={check.at}>{check.at}</time>
        </p>
      )}
      {check?.reason && <p>{check.reason}</p>}
      {check === null && <p className="note">A check runs by itself now and then, or when you ask for it.</p>}
    </div>
  )
}

function Differences({ view, check }: { readonly view: View; readonly check: Verification }) {
  const { examples, differences } = check
  return (
    <section className="sheet-section" aria-labelledby="differences">
      <h3 id="differences">
        Where they differ{" "}
        <span className="count">
          {formatCount(examples.length)} of {formatCount(differenceCount(check))}
        </span>
      </h3>
      <p className="note">
        {formatCount(differences.different)} with other values, {formatCount(differences.extra)} only in the
        view, {formatCount(differences.missing)} only in history
      </p>
      <ol className="differences">
        {examples.map((difference) => (
          <li key={JSON.stringify(difference)}>
            <DifferenceItem view={view} difference={difference} />
          </li>
        ))}
      </ol>
    </section>
  )
}

function DifferenceItem({ view, difference }: { readonly view: View; readonly difference: Difference }) {
  const inspect = useInspect()
  const { live, history } = difference
  const row = live ?? history
  return (
    <div className="difference">
      <table>
        <caption className="unseen">One row in both engines</caption>
        <thead>
          <tr>
            <th scope="col" className="plain">
              column
            </th>
            <th scope="col" className="plain">
              this view
            </th>
            <th scope="col" className="plain">
              second engine
            </th>
          </tr>
        </thead>
        <tbody>
          {view.columns.map((column) => (
            <tr key={column.name} data-differs={differs(column, live, history) ? "" : undefined}>
              <th scope="row" className="plain">
                {column.name}
              </th>
              <td className={isNumeric(column) ? "number" : undefined}>{text(column, live)}</td>
              <td className={isNumeric(column) ? "number" : undefined}>{text(column, history)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {row !== null && (
        <button type="button" className="button quiet" onClick={() => inspect(whyRow(view, row))}>
          The events behind it
        </button>
      )}
    </div>
  )
}

function differenceCount({ differences: { missing, extra, different } }: Verification): number {
  return missing + extra + different
}

function differs(column: Column, live: Row | null, history: Row | null): boolean {
  return JSON.stringify(live?.[column.name]) !== JSON.stringify(history?.[column.name])
}

function text(column: Column, row: Row | null) {
  if (row === null) return <span className="null">no such row</span>
  const value = row[column.name]
  return value === null || value === undefined ? (
    <span className="null">null</span>
  ) : (
    formatCell(value, column)
  )
}
