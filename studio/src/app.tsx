/** The page in reading order: what flows, what it adds up to, try it, and what was refused. */
import { useCallback, useState } from "react"
import { Flow } from "./flow/flow.tsx"
import { useStatus } from "./live/use-status.ts"
import { Rejected } from "./rejected/rejected.tsx"
import { SendPanel } from "./send/send-panel.tsx"
import type { Arrivals } from "./send/use-send.ts"
import { Announcer } from "./shell/announcer.tsx"
import { ConnectionBanner } from "./shell/connection-banner.tsx"
import { Header } from "./shell/header.tsx"
import { Views } from "./views/views.tsx"

const NO_ARRIVALS: Arrivals = new Map()

export function App() {
  const status = useStatus()
  const [arrivals, setArrivals] = useState(NO_ARRIVALS)
  const showArrivals = useCallback((next: Arrivals) => setArrivals(next), [])
  return (
    <>
      <a className="skip-link" href="#flow">
        Skip to what flows
      </a>
      <Header status={status} />
      <ConnectionBanner status={status} />
      <main className="layout" aria-busy={status.connection.kind === "connecting"}>
        <div className="main-column">
          <Flow status={status} />
          <Views status={status} arrivals={arrivals} />
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
    </>
  )
}
