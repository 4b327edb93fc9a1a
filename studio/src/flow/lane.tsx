/** One stream: its pace, the balance at its door, how far it is worked through, and up to which time. */
import type { EventStream } from "../api/types.ts"
import { type Balance, doorBalance, type Term } from "../balance/balance.ts"
import { BalanceBar } from "../balance/balance-bar.tsx"
import { useSteadyMissing } from "../balance/use-steady.ts"
import { Sparkline } from "../charts/sparkline.tsx"
import { formatCount, formatRate } from "../format/numbers.ts"
import { formatBehind, formatInstant } from "../format/times.ts"
import { TERM_MEANINGS } from "../format/verdicts.ts"
import { useInspect } from "../inspect/inspect-context.ts"

interface Props {
  readonly event: EventStream
  readonly rates: readonly number[]
  readonly nowMs: number
}

export function Lane({ event, rates, nowMs }: Props) {
  const pending = event.partitions.reduce(
    (sum, partition) => sum + Math.max(0, partition.durable_end - partition.processed),
    0,
  )
  const inspect = useInspect()
  const balance = doorBalance(event)
  const missing = useSteadyMissing(balance.missing, event)
  const open = (term: Term | Balance["whole"]): void => {
    if (term === "accepted") inspect({ kind: "newest", event: event.name })
    else if (term === "rejected") goTo("rejected")
    else if (term === "dead-lettered") goTo("dead-letters")
    else inspect({ kind: "term", subject: { kind: "event", name: event.name }, term })
  }
  return (
    <article className="lane" aria-labelledby={`lane-${event.name}`}>
      <header className="lane-head">
        <h3 id={`lane-${event.name}`}>{event.name}</h3>
        {event.description !== null && <p>{event.description}</p>}
      </header>
      <p className="lane-rate">
        {formatRate(event.events_per_second)} <span className="unit">events/s</span>
      </p>
      <div className="lane-water">
        <Sparkline values={rates} />
      </div>
      <div className="lane-balance">
        <BalanceBar
          balance={balance}
          missing={missing}
          name={`${event.name} at the door`}
          onTerm={open}
          meanings={TERM_MEANINGS}
        />
      </div>
      <dl className="figures">
        <Figure
          name="Lag"
          value={formatCount(pending)}
          note={pending === 1 ? "event" : "events"}
          tone={pending > event.events_per_second * 10 && pending > 1_000 ? "wait" : null}
        />
        <Watermark event={event} nowMs={nowMs} />
      </dl>
    </article>
  )
}

/** With the focus, so that the keyboard goes on from there. */
function goTo(id: string): void {
  location.hash = id
  document.getElementById(id)?.focus()
}

interface FigureProps {
  readonly name: string
  readonly value: string
  readonly note?: string | null
  readonly tone?: "bad" | "wait" | null
}

function Figure({ name, value, note = null, tone = null }: FigureProps) {
  return (
    <div className="figure" data-tone={tone}>
      <dt>{name}</dt>
      <dd>
        <span className="value">{value}</span>
        {note !== null && <span className="note"> {note}</span>}
      </dd>
    </div>
  )
}

function Watermark({ event, nowMs }: { readonly event: EventStream; readonly nowMs: number }) {
  const { watermark, watermark_partition: holder, partitions } = event
  const idle = partitions.filter((partition) => partition.idle).length
  const notes = [
    watermark === null ? "comes with the first event" : `${formatBehind(watermark, nowMs)} the clock`,
    holder === null || partitions.length < 2 ? null : `held by partition ${holder} of ${partitions.length}`,
    idle > 0 && partitions.length > 1 ? `${idle} idle` : null,
  ]
  return (
    <div className="figure figure-wide">
      <dt title="No event with an earlier time is expected any more">Watermark</dt>
      <dd>
        <span className="value">
          {watermark === null ? "none yet" : <time dateTime={watermark}>{formatInstant(watermark)}</time>}
        </span>
        <span className="note">{notes.filter((note) => note !== null).join(" · ")}</span>
      </dd>
    </div>
  )
}
