/**
 * What flows, every second: streams, views, health and refused rows, with a short memory of each stream's
 * rate for its sparkline. Losing the platform keeps the last answers on screen and says so.
 */
import { useEffect, useRef, useState } from "react"
import { readEvents, readHealth, readRejected, readViews } from "../api/client.ts"
import { ApiFailure } from "../api/http.ts"
import type { EventStream, Health, RejectedSample, View } from "../api/types.ts"
import type { CountRange } from "../balance/balance.ts"
import { poll } from "./poll.ts"

const PAUSE_MS = 1_000
/** Points of a sparkline: a minute at one a second. */
export const RATE_POINTS = 60

export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly atMs: number }
  | { readonly kind: "lost"; readonly sinceMs: number; readonly why: string }

export interface Status {
  readonly connection: Connection
  readonly events: readonly EventStream[]
  readonly views: readonly View[]
  /** Rows in the log just before and just after the views were asked, by stream. */
  readonly appended: ReadonlyMap<string, CountRange>
  readonly rejected: readonly RejectedSample[]
  readonly health: Health | null
  /** Events per second, oldest first, by stream. */
  readonly rates: ReadonlyMap<string, readonly number[]>
  readonly nowMs: number
}

const NOTHING_YET: Status = {
  connection: { kind: "connecting" },
  events: [],
  views: [],
  appended: new Map(),
  rejected: [],
  health: null,
  rates: new Map(),
  nowMs: Date.now(),
}

export function useStatus(): Status {
  const [status, setStatus] = useState(NOTHING_YET)
  const latest = useRef(NOTHING_YET)
  useEffect(() => {
    const show = (next: Status): void => {
      latest.current = next
      setStatus(next)
    }
    return poll(async () => {
      try {
        show(await readStatus(latest.current.rates))
      } catch (error) {
        show(lost(latest.current, error))
        throw error
      }
    }, PAUSE_MS)
  }, [])
  return status
}

async function readStatus(rates: Status["rates"]): Promise<Status> {
  const [before, rejected, health] = await Promise.all([readEvents(), readRejected(), readHealth()])
  const views = await readViews()
  const events = await readEvents()
  const nowMs = Date.now()
  return {
    connection: { kind: "live", atMs: nowMs },
    events,
    views,
    appended: appendedAround(before, events),
    rejected,
    health,
    rates: new Map(events.map((event) => [event.name, appendRate(rates.get(event.name), event)])),
    nowMs,
  }
}

/** Rows flow while we ask: what a view had at its own moment lies between what came before and after. */
function appendedAround(before: readonly EventStream[], after: readonly EventStream[]): Status["appended"] {
  return new Map(
    after.map(({ name, appended }) => {
      const earlier = before.find((event) => event.name === name)?.appended ?? appended
      // A platform that was restarted in between may count from less.
      return [name, { from: Math.min(earlier, appended), to: Math.max(earlier, appended) }]
    }),
  )
}

function appendRate(rates: readonly number[] | undefined, event: EventStream): readonly number[] {
  return [...(rates ?? []), event.events_per_second].slice(-RATE_POINTS)
}

function lost(previous: Status, error: unknown): Status {
  const nowMs = Date.now()
  const why =
    error instanceof ApiFailure ? error.message : "the platform gave an answer that is not understood"
  const sinceMs = previous.connection.kind === "lost" ? previous.connection.sinceMs : nowMs
  return { ...previous, connection: { kind: "lost", sinceMs, why }, nowMs }
}
