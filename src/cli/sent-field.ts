/** What the server says about an event's fields, as far as somebody who sends rows has to know it. */
import { answerUnreadable } from "./errors.ts"
import type { Server } from "./server.ts"

export interface SentField {
  readonly name: string
  /** Logical type, as the server spells it: "int64", "decimal(12,2)", "timestamp" … */
  readonly type: string
  readonly nullable: boolean
  readonly optional: boolean
  /** True when the contract takes JSON numbers only, such as a timestamp in milliseconds. */
  readonly number: boolean
}

export interface SentEvent {
  readonly fields: readonly SentField[]
  /** Name of the field with the event's own time. */
  readonly time: string
}

/** @throws server-refused when there is no such event, answer-unreadable */
export async function readEvent(server: Server, event: string): Promise<SentEvent> {
  const body = await server.get(`/v1/events/${encodeURIComponent(event)}`)
  const { fields, time } = body
  if (!Array.isArray(fields) || typeof time !== "string") {
    throw answerUnreadable(server.url, `its event ${event} has no fields`)
  }
  const schema = body["json_schema"] as { properties?: Record<string, { type?: unknown }> } | undefined
  return {
    time,
    fields: (fields as Omit<SentField, "number">[]).map((field) => {
      const type = schema?.properties?.[field.name]?.type
      return { ...field, number: type === "number" || type === "integer" }
    }),
  }
}
