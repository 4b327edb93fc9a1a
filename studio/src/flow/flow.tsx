/** What flows: one lane for each stream of events. */
import type { Status } from "../live/use-status.ts"
import { Lane } from "./lane.tsx"

export function Flow({ status }: { readonly status: Status }) {
  return (
    <section id="flow" className="section" aria-labelledby="flow-title" tabIndex={-1}>
      <div className="section-head">
        <h2 id="flow-title">What flows</h2>
        <p>Events as they are taken in, made durable and worked through.</p>
      </div>
      {status.events.length === 0 ? <NoEvents connecting={status.connection.kind === "connecting"} /> : null}
      <ul className="lanes">
        {status.events.map((event) => (
          <li key={event.name}>
            <Lane event={event} rates={status.rates.get(event.name) ?? []} nowMs={status.nowMs} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function NoEvents({ connecting }: { readonly connecting: boolean }) {
  if (connecting) return <p className="empty">Asking the platform…</p>
  return (
    <div className="empty">
      <p>
        <strong>This project declares no event yet.</strong>
      </p>
      <p>
        Write one in a module of the project and start again:
        <code className="block">{'export const userSignup = event("user_signup", { … })'}</code>
      </p>
    </div>
  )
}
