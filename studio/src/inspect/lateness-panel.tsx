/** Why a view is not further: which partition of which source holds its watermark, and what the others do. */
import { type Lateness, type LatenessSource, readLateness } from "../api/records.ts"
import { formatCount } from "../format/numbers.ts"
import { formatBehind, formatInstant } from "../format/times.ts"
import { useAnswer } from "../live/use-answer.ts"
import { AnswerState } from "./answer-state.tsx"

/** Asked again so often while the sheet is open. */
const AGAIN_MS = 2_000

export function LatenessPanel({ view, nowMs }: { readonly view: string; readonly nowMs: number }) {
  const asked = useAnswer(String(Math.floor(nowMs / AGAIN_MS)), () => readLateness(view))
  return (
    <>
      <AnswerState asked={asked} doing="Asking which source is behind" />
      {asked.value !== null && <Held lateness={asked.value} nowMs={nowMs} />}
    </>
  )
}

function Held({ lateness, nowMs }: { readonly lateness: Lateness; readonly nowMs: number }) {
  const { watermark, reason, sources } = lateness
  return (
    <>
      <p className="lead">
        {watermark === null ? (
          <strong>It has no watermark yet.</strong>
        ) : (
          <strong>
            Complete to <time dateTime={watermark}>{formatInstant(watermark)}</time>.
          </strong>
        )}{" "}
        {reason}
      </p>
      <div className="table-scroll framed">
        <table>
          <caption className="unseen">Partitions of the view's sources</caption>
          <thead>
            <tr>
              {["source", "partition", "complete to", "pending", ""].map((name) => (
                <th key={name} scope="col" className={name === "pending" ? "plain number" : "plain"}>
                  {name === "" ? <span className="unseen">state</span> : name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sources.map((source) => (
              <SourceRow key={`${source.event} ${source.partition}`} source={source} nowMs={nowMs} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

function SourceRow({ source, nowMs }: { readonly source: LatenessSource; readonly nowMs: number }) {
  const { event, partition, watermark, pending, holds, idle, reason } = source
  const state = holds ? "holds the watermark" : idle ? "idle: it does not hold anybody" : ""
  return (
    <tr data-holds={holds ? "" : undefined}>
      <td>{event}</td>
      <td>{partition}</td>
      <td title={watermark === null ? undefined : formatBehind(watermark, nowMs)}>
        {watermark === null ? "nothing yet" : formatInstant(watermark)}
      </td>
      <td className="number">{formatCount(pending)}</td>
      <td className="wrapped">{reason ?? state}</td>
    </tr>
  )
}
