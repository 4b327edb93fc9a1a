/**
 * What a screen reader hears without asking: a sentence now and then, never a flood. Silent while nothing
 * changes.
 */
import { useEffect, useRef, useState } from "react"
import { formatCount, formatRate } from "../format/numbers.ts"
import type { Status } from "../live/use-status.ts"

const SPEAK_EVERY_MS = 15_000

export function Announcer({ status }: { readonly status: Status }) {
  const [words, setWords] = useState("")
  const spokenAtMs = useRef(0)
  const next = sentence(status)
  useEffect(() => {
    if (status.connection.kind !== "live" || next === words) return
    if (status.nowMs - spokenAtMs.current < SPEAK_EVERY_MS) return
    spokenAtMs.current = status.nowMs
    setWords(next)
  }, [status, next, words])
  return (
    <p className="unseen" aria-live="polite" aria-atomic="true">
      {words}
    </p>
  )
}

function sentence({ events }: Status): string {
  const parts = events.map(
    (event) =>
      `${event.name}: ${formatRate(event.events_per_second)} events per second, ` +
      `${formatCount(event.accepted)} accepted, ${formatCount(event.rejected)} rejected`,
  )
  return parts.length === 0 ? "" : `${parts.join(". ")}.`
}
