/**
 * Where an event went, put together from what the platform answers: pending by the partition's position, late
 * and failed by the view's lists, applied or left out by asking "why" of the row that it should be in. What
 * cannot be told is said to be unknown, never guessed.
 */
import { readRows } from "../api/client.ts"
import { wordsOf } from "../api/http.ts"
import { type EventRecord, readVerdicts, readWhy, type VerdictRow } from "../api/records.ts"
import type { EventStream, Row, Verdict, View } from "../api/types.ts"
import { rowQuestion } from "../send/row-question.ts"
import { type KeyValues, whyKey } from "./question.ts"

/** How far lists are searched for one event. */
const SEARCHED = 500

export interface Fate {
  readonly view: string
  readonly verdict: Verdict | "pending" | "unknown"
  readonly reason: string
  /** Key of the row that it is in, or would have been in. */
  readonly row: KeyValues | null
}

export async function followRecord(record: EventRecord, event: EventStream, view: View): Promise<Fate> {
  const processed = event.partitions[record.partition]?.processed ?? 0
  if (record.offset >= processed) {
    return fate(view, "pending", "It is durable in the log, and its turn has not come yet.")
  }
  try {
    for (const verdict of ["late", "failed"] as const) {
      const found = await search(record, view, verdict)
      if (found !== null) return fate(view, verdict, found.reason ?? "")
    }
    return await askRow(record, event, view)
  } catch (error) {
    return fate(view, "unknown", wordsOf(error))
  }
}

async function search(
  record: EventRecord,
  view: View,
  verdict: "late" | "failed",
): Promise<VerdictRow | null> {
  if ((view.verdicts[verdict] ?? 0) === 0) return null
  const { rows } = await readVerdicts(view.name, verdict, { limit: SEARCHED, cursor: null })
  return rows.find((row) => isSame(row, record)) ?? null
}

async function askRow(record: EventRecord, event: EventStream, view: View): Promise<Fate> {
  const key = (await findKey(record, event, view)) ?? ownKey(record, event, view)
  if (key === null) {
    return fate(view, "unknown", "Its row cannot be told from its fields: the view's SQL may leave it out.")
  }
  const why = await readWhy(view.name, key, SEARCHED)
  if (why.events.some((other) => isSame(other, record))) {
    const hidden = why.row === null ? "the view's SQL does not show this row now" : ""
    return fate(view, "applied", hidden, key)
  }
  const left = why.left_out.find((other) => isSame(other, record))
  if (left !== undefined) return fate(view, left.verdict, left.reason ?? "", key)
  const cut = why.events.length >= SEARCHED
  const words = cut
    ? `The row that it should be in has more than ${SEARCHED} events; it was not looked for among the rest.`
    : "It is not among the events of the row that its fields name: the view's SQL may leave it out."
  return fate(view, "unknown", words, key)
}

async function findKey(record: EventRecord, event: EventStream, view: View): Promise<KeyValues | null> {
  const fields = fieldsOf(record)
  if (fields === null) return null
  const { rows } = await readRows(view.name, {
    limit: 1,
    ...rowQuestion(view, event, JSON.stringify(fields)),
  })
  const [row] = rows
  return row === undefined ? null : whyKey(view, row)
}

/** A key made of the event's own fields names a row that a HAVING may hide. */
function ownKey(record: EventRecord, event: EventStream, view: View): KeyValues | null {
  const fields = fieldsOf(record)
  if (fields === null || view.key === null) return null
  const isOwn = (name: string): boolean => event.fields.some((field) => field.name === name)
  return view.key.every(isOwn) ? view.key.map((name) => [name, fields[name] ?? null]) : null
}

function fieldsOf({ value }: EventRecord): Row | null {
  return value === null || typeof value !== "object" || Array.isArray(value) ? null : (value as Row)
}

function fate(view: View, verdict: Fate["verdict"], reason: string, row: KeyValues | null = null): Fate {
  return { view: view.name, verdict, reason, row }
}

function isSame(a: Omit<EventRecord, "appended_at" | "value">, b: EventRecord): boolean {
  return a.event === b.event && a.partition === b.partition && a.offset === b.offset
}
