/** Project name, where to go, and whether all is well. */
import type { Status } from "../live/use-status.ts"
import { Wheel } from "./wheel.tsx"

const PLACES = [
  ["flow", "Flow"],
  ["views", "Views"],
  ["ask", "Ask"],
  ["dead-letters", "Dead letters"],
  ["storage", "Store"],
  ["send", "Send"],
  ["rejected", "Rejected"],
] as const

export function Header({ status }: { readonly status: Status }) {
  const project = status.health?.project ?? null
  const rate = status.events.reduce((sum, event) => sum + event.events_per_second, 0)
  const alive = status.connection.kind === "live"
  return (
    <header className="header">
      <div className="brand">
        <Wheel rate={alive ? rate : 0} />
        <h1>
          {project !== null && <span className="project">{project}</span>}
          <span className={project === null ? "project" : "product"}>Millrace</span>
        </h1>
      </div>
      <nav aria-label="On this page">
        <ul>
          {PLACES.map(([id, name]) => (
            <li key={id}>
              <a href={`#${id}`}>{name}</a>
            </li>
          ))}
        </ul>
      </nav>
      <Health status={status} />
    </header>
  )
}

function Health({ status }: { readonly status: Status }) {
  const [tone, words] = judge(status)
  return (
    <p className="health" data-tone={tone} role="status">
      <span className="dot" aria-hidden="true" />
      {words}
    </p>
  )
}

function judge(status: Status): readonly [tone: "good" | "wait" | "bad", words: string] {
  if (status.connection.kind === "lost") return ["bad", "Connection lost"]
  if (status.connection.kind === "connecting") return ["wait", "Connecting"]
  if (status.health?.ready === false) return ["wait", "Starting"]
  return ["good", "Live"]
}
