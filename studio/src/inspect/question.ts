/** What the sheet can be asked, and what each question is called. */
import type { DeadLetter } from "../api/letters.ts"
import type { EventRecord } from "../api/records.ts"
import type { Cell, Row, View } from "../api/types.ts"
import type { Term } from "../balance/balance.ts"

export type KeyValues = readonly (readonly [column: string, value: Cell])[]

export type Question =
  | { readonly kind: "why"; readonly view: string; readonly key: KeyValues }
  | { readonly kind: "event"; readonly record: EventRecord }
  | { readonly kind: "verdict"; readonly view: string; readonly verdict: "late" | "failed" }
  | { readonly kind: "lateness"; readonly view: string }
  | { readonly kind: "verification"; readonly view: string }
  | { readonly kind: "letter"; readonly letter: DeadLetter }
  | { readonly kind: "newest"; readonly event: string }
  | { readonly kind: "term"; readonly subject: Subject; readonly term: Term | "received" | "appended" }

/** Whose balance it is: an event's at the door, or a view's. */
export interface Subject {
  readonly kind: "event" | "view"
  readonly name: string
}

/** A view without a key tells its rows apart by all their columns. */
export function whyKey(view: Pick<View, "key" | "columns">, row: Row): KeyValues {
  const names = view.key ?? view.columns.map(({ name }) => name)
  return names.map((name) => [name, row[name] ?? null])
}

export function whyRow(view: Pick<View, "name" | "key" | "columns">, row: Row): Question {
  return { kind: "why", view: view.name, key: whyKey(view, row) }
}

/** The same question asked twice has the same name. */
export function questionName(question: Question): string {
  switch (question.kind) {
    case "why":
      return `why ${question.view} ${JSON.stringify(question.key)}`
    case "event":
      return `event ${placeName(question.record)}`
    case "verdict":
      return `verdict ${question.view} ${question.verdict}`
    case "letter":
      return `letter ${question.letter.id}`
    case "newest":
      return `newest ${question.event}`
    case "term":
      return `term ${question.subject.kind} ${question.subject.name} ${question.term}`
    default:
      return `${question.kind} ${question.view}`
  }
}

export function questionTitle(question: Question): string {
  switch (question.kind) {
    case "why":
      return "Why this row"
    case "event":
      return "Where this event went"
    case "verdict":
      return question.verdict === "late" ? "Events that came late" : "Events that failed"
    case "lateness":
      return "What holds this view back"
    case "verification":
      return "Checked against the second engine"
    case "letter":
      return "Edit and replay"
    case "newest":
      return "Newest events"
    case "term":
      return "What this counts"
  }
}

/** What the question is about, below its title. */
export function questionSubject(question: Question): string {
  switch (question.kind) {
    case "event":
      return question.record.event
    case "letter":
      return question.letter.event
    case "newest":
      return question.event
    case "term":
      return question.subject.name
    default:
      return question.view
  }
}

export function placeName(place: Pick<EventRecord, "event" | "partition" | "offset">): string {
  return `${place.event}/${place.partition}/${place.offset}`
}
