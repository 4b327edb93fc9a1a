/**
 * The page in reading order: what flows, what it adds up to, questions of one's own, what could not be read,
 * where all of it is kept; beside it, try it, and what was refused.
 */
import { useCallback, useState } from "react"
import { Ask, type GivenSql } from "./ask/ask.tsx"
import { Flow } from "./flow/flow.tsx"
import { InspectContext } from "./inspect/inspect-context.ts"
import { Sheet } from "./inspect/sheet.tsx"
import { useTrail } from "./inspect/use-trail.ts"
import { DeadLetters } from "./letters/dead-letters.tsx"
import { useStatus } from "./live/use-status.ts"
import { Rejected } from "./rejected/rejected.tsx"
import { SendPanel } from "./send/send-panel.tsx"
import type { Arrivals } from "./send/use-send.ts"
import { Announcer } from "./shell/announcer.tsx"
import { ConnectionBanner } from "./shell/connection-banner.tsx"
import { Header } from "./shell/header.tsx"
import { Storage } from "./storage/storage.tsx"
import { Views } from "./views/views.tsx"

const NO_ARRIVALS: Arrivals = new Map()

export function App() {
  const status = useStatus()
  const [arrivals, setArrivals] = useState(NO_ARRIVALS)
  const showArrivals = useCallback((next: Arrivals) => setArrivals(next), [])
  const trail = useTrail()
  const [given, setGiven] = useState<GivenSql | null>(null)
  const giveSql = useCallback((sql: string) => setGiven({ sql }), [])
  return (
    <InspectContext value={trail.ask}>
      <a className="skip-link" href="#flow">
        Skip to what flows
      </a>
      <Header status={status} />
      <ConnectionBanner status={status} />
      <main className="layout" aria-busy={status.connection.kind === "connecting"}>
        <div className="main-column">
          <Flow status={status} />
          <Views status={status} arrivals={arrivals} />
          <Ask status={status} given={given} />
          <DeadLetters status={status} />
          <Storage status={status} />
        </div>
        <div className="side-column">
          <SendPanel status={status} onArrivals={showArrivals} />
          <Rejected status={status} />
        </div>
      </main>
      <footer className="footer">
        <p>
          The same answers over HTTP: <a href="./v1/events">/v1/events</a>, <a href="./v1/views">/v1/views</a>
          , <a href="./openapi.json">/openapi.json</a>, <a href="./metrics">/metrics</a>
        </p>
      </footer>
      <Announcer status={status} />
      <Sheet trail={trail} status={status} onSql={giveSql} />
    </InspectContext>
  )
}
