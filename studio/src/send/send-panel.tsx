/** The form that sends a test event of a chosen contract. */
import { type FormEvent, useEffect, useId, useState } from "react"
import { readSchema } from "../api/client.ts"
import type { EventStream, JsonSchema } from "../api/types.ts"
import type { Status } from "../live/use-status.ts"
import { readersOf } from "../views/readers.ts"
import { breakJson, type Draft, draftJson } from "./draft.ts"
import { exampleDraft, exampleTime } from "./example.ts"
import { FieldInputs } from "./field-inputs.tsx"
import { SendAnswer } from "./send-answer.tsx"
import { type Arrivals, useSend } from "./use-send.ts"

interface Props {
  readonly status: Status
  readonly onArrivals: (arrivals: Arrivals) => void
}

export function SendPanel({ status, onArrivals }: Props) {
  const [chosen, setChosen] = useState<string | null>(null)
  const event = status.events.find(({ name }) => name === chosen) ?? status.events[0] ?? null
  const schema = useSchema(event?.name ?? null)
  return (
    <section id="send" className="section" aria-labelledby="send-title" tabIndex={-1}>
      <div className="section-head">
        <h2 id="send-title">Send a test event</h2>
        <p>See it checked, made durable and counted.</p>
      </div>
      {event === null ? (
        <p className="empty">There is no event to send until the project declares one.</p>
      ) : (
        <div className="panel">
          {status.events.length > 1 && (
            <EventChoice events={status.events} chosen={event.name} onChoose={setChosen} />
          )}
          {schema === null ? (
            <p className="note">Reading the contract…</p>
          ) : (
            <EventForm
              key={event.name}
              event={event}
              schema={schema}
              status={status}
              onArrivals={onArrivals}
            />
          )}
        </div>
      )}
    </section>
  )
}

/** Null until it is known; when it cannot be read, the fields alone still make a form. */
function useSchema(event: string | null): JsonSchema | null {
  const [known, setKnown] = useState<{ event: string; schema: JsonSchema } | null>(null)
  useEffect(() => {
    if (event === null) return
    const show = (schema: JsonSchema): void => setKnown({ event, schema })
    readSchema(event).then(show, () => show({}))
  }, [event])
  return known !== null && known.event === event ? known.schema : null
}

interface ChoiceProps {
  readonly events: readonly EventStream[]
  readonly chosen: string
  readonly onChoose: (name: string) => void
}

function EventChoice({ events, chosen, onChoose }: ChoiceProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>Event</label>
      <select id={id} value={chosen} onChange={(change) => onChoose(change.target.value)}>
        {events.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </div>
  )
}

interface FormProps extends Props {
  readonly event: EventStream
  readonly schema: JsonSchema
}

function EventForm({ event, schema, status, onArrivals }: FormProps) {
  const [draft, setDraft] = useState<Draft>(() => exampleDraft(event, schema, Date.now()))
  /** The event time that the example was given; another one in the draft was chosen by hand. */
  const [givenTime, setGivenTime] = useState(draft[event.time])
  /** JSON written by hand; null while the fields decide. */
  const [written, setWritten] = useState<string | null>(null)
  const { state, send } = useSend(onArrivals)
  const json = written ?? draftJson(event, schema, draft)
  const views = readersOf(event.name, status.views)

  const startAfresh = (): void => {
    const fresh = exampleDraft(event, schema, Date.now())
    setWritten(null)
    setDraft(fresh)
    setGivenTime(fresh[event.time])
  }
  const submit = (submitted: FormEvent): void => {
    submitted.preventDefault()
    if (state.kind === "sending") return
    if (written !== null || draft[event.time] !== givenTime) return void send(event, views, json)
    // The stream has moved on since the example was made; with its old time the event might come late.
    const time = exampleTime(event, Date.now())
    const fresh = { ...draft, [event.time]: time }
    setGivenTime(time)
    setDraft(fresh)
    void send(event, views, draftJson(event, schema, fresh))
  }
  return (
    <form className="send-form" onSubmit={submit} noValidate>
      {written === null ? (
        <FieldInputs
          event={event}
          schema={schema}
          draft={draft}
          onChange={(name, text) => setDraft({ ...draft, [name]: text })}
        />
      ) : null}
      <JsonBox json={json} editing={written !== null} onEdit={setWritten} />
      <div className="buttons">
        <button type="submit" className="button primary" aria-disabled={state.kind === "sending"}>
          {state.kind === "sending" ? "Sending…" : "Send event"}
        </button>
        <button type="button" className="button" onClick={startAfresh}>
          New example
        </button>
        <button
          type="button"
          className="button"
          title="An event that the contract refuses"
          onClick={() => setWritten(breakJson(draftJson(event, schema, draft), event.time))}
        >
          Break it
        </button>
      </div>
      <SendAnswer state={state} views={status.views} />
    </form>
  )
}

interface JsonProps {
  readonly json: string
  readonly editing: boolean
  readonly onEdit: (json: string | null) => void
}

function JsonBox({ json, editing, onEdit }: JsonProps) {
  const id = useId()
  return (
    <div className="json-box">
      <div className="json-head">
        <label htmlFor={id}>JSON to be sent</label>
        <button type="button" className="button quiet" onClick={() => onEdit(editing ? null : json)}>
          {editing ? "Back to fields" : "Edit"}
        </button>
      </div>
      <textarea
        id={id}
        value={json}
        readOnly={!editing}
        rows={Math.min(12, json.split("\n").length)}
        wrap="off"
        spellCheck={false}
        onChange={(change) => onEdit(change.target.value)}
      />
    </div>
  )
}
