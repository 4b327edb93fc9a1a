/** Why a view is not further: which partition of which source holds its watermark, and what the others do. */
import { type Lateness, type LatenessSource, readLateness } from "../api/records.ts"
import { formatCount } from "../format/numbers.ts"
import { formatBehind, formatInstant, formatSpan } from "../format/times.ts"
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
  const { watermark, sources } = lateness
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
        {holderWords(lateness)}
      </p>
      {sources.map((source) => (
        <Source key={source.event} source={source} nowMs={nowMs} />
      ))}
    </>
  )
}

function holderWords({ watermark, held_by }: Lateness): string {
  if (held_by === null) return "It reads no event."
  const { event, partition } = held_by
  if (partition !== null) return `Partition ${partition} of ${event} is the furthest behind and holds it.`
  const idle = `All partitions of ${event} are idle`
  return watermark === null ? `${idle}: nothing came yet.` : `${idle}: it goes on with the next event.`
}

function Source({ source, nowMs }: { readonly source: LatenessSource; readonly nowMs: number }) {
  const { event, watermark, out_of_orderness_ms, holding_partition, partitions } = source
  const slack = out_of_orderness_ms > 0 ? ` · waits ${formatSpan(out_of_orderness_ms)} for stragglers` : ""
  return (
    <section className="sheet-section" aria-label={`Source ${event}`}>
      <h3>{event}</h3>
      <p className="note" title={watermark === null ? undefined : formatBehind(watermark, nowMs)}>
        {watermark === null ? "nothing yet" : `complete to ${formatInstant(watermark)}`}
        {slack}
      </p>
      <div className="table-scroll framed">
        <table>
          <caption className="unseen">Partitions of {event}</caption>
          <thead>
            <tr>
              {COLUMNS.map((name) => (
                <th key={name} scope="col" className={name === "state" ? "plain" : "plain number"}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {partitions.map(({ partition, end, processed, idle }) => {
              const holds = partition === holding_partition
              return (
                <tr key={partition} data-holds={holds ? "" : undefined}>
                  <td className="number">{partition}</td>
                  <td className="number">{formatCount(end)}</td>
                  <td className="number">{formatCount(end - processed)}</td>
                  <td className="wrapped">
                    {holds ? "holds the watermark" : idle ? "idle: it holds nobody" : "further"}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
    </section>
  )
}

const COLUMNS = ["partition", "events", "pending", "state"] as const
