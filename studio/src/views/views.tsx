/** What it adds up to: every view, live. */
import type { Status } from "../live/use-status.ts"
import type { Arrivals } from "../send/use-send.ts"
import { ViewCard } from "./view-card.tsx"

interface Props {
  readonly status: Status
  readonly arrivals: Arrivals
}

export function Views({ status, arrivals }: Props) {
  return (
    <section id="views" className="section" aria-labelledby="views-title" tabIndex={-1}>
      <div className="section-head">
        <h2 id="views-title">Views</h2>
        <p>Questions in SQL whose answers are kept up to date, event by event.</p>
      </div>
      {status.views.length === 0 && status.connection.kind !== "connecting" && (
        <div className="empty">
          <p>
            <strong>This project declares no view yet.</strong>
          </p>
          <p>
            A view is one SQL statement over an event:
            <code className="block">{'export const perDay = view("per_day", { sql: `SELECT …` })'}</code>
          </p>
        </div>
      )}
      {status.views.map((view) => (
        <ViewCard key={view.name} view={view} status={status} arrived={arrivals.get(view.name) ?? null} />
      ))}
    </section>
  )
}
