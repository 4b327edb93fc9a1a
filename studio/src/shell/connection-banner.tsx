/** Says that the platform was lost and how long ago; what is on screen stays. */
import { formatSpan } from "../format/times.ts"
import type { Status } from "../live/use-status.ts"

export function ConnectionBanner({ status }: { readonly status: Status }) {
  const { connection, health } = status
  if (connection.kind === "lost") {
    return (
      <div className="banner" data-tone="bad" role="alert">
        <strong>No connection to the platform.</strong>{" "}
        <span>
          What you see is the last that was known. It is asked again and again; if it was stopped, start it
          with <code>millrace start</code>.
        </span>{" "}
        <span className="banner-detail" aria-live="off">
          {connection.why} · {formatSpan(status.nowMs - connection.sinceMs)}
        </span>
      </div>
    )
  }
  if (health?.ready === false) {
    return (
      <div className="banner" data-tone="wait" role="status">
        <strong>The platform is starting.</strong> <span>{health.reason ?? "It takes no events yet."}</span>
      </div>
    )
  }
  return null
}
