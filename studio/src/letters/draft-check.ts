/**
 * What can be said of a JSON text before it is sent: whether it is an object, which fields of the contract it
 * lacks and which it has that the contract does not know. The contract itself decides when it is sent.
 */
import type { EventField, EventStream } from "../api/types.ts"

export interface FieldHint {
  readonly field: EventField
  readonly role: "id" | "event time" | "key" | null
  readonly state: "there" | "missing" | "left out"
}

export interface DraftCheck {
  /** Why the text is no JSON object; null when it is one. */
  readonly problem: string | null
  readonly hints: readonly FieldHint[]
  /** Fields that the contract does not declare. */
  readonly unknown: readonly string[]
}

export function checkDraft(text: string, event: EventStream): DraftCheck {
  const parsed = parse(text)
  const names = parsed.value === null ? [] : Object.keys(parsed.value)
  const hints = event.fields.map((field): FieldHint => {
    const there = names.includes(field.name)
    return { field, role: roleOf(event, field), state: there ? "there" : absent(field) }
  })
  const declared = new Set(event.fields.map(({ name }) => name))
  return { problem: parsed.problem, hints, unknown: names.filter((name) => !declared.has(name)) }
}

/** Laid out for editing; text that is no JSON stays as it came, so that it can be mended. */
export function editable(text: string): string {
  return parse(text).value === null ? text : layOut(text)
}

/** Works on the text: a number that went through a double on its way might come back as another one. */
function layOut(text: string): string {
  let depth = 0
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? []
  const pieces = tokens.map((token, index) => {
    if (token === ":") return ": "
    if (token === ",") return `,\n${"  ".repeat(depth)}`
    const isEmpty = /^[{[]$/.test(token) && /^[}\]]$/.test(tokens[index + 1] ?? "")
    if (token === "{" || token === "[") return isEmpty ? token : `${token}\n${"  ".repeat(++depth)}`
    if (token !== "}" && token !== "]") return token
    return /^[{[]$/.test(tokens[index - 1] ?? "") ? token : `\n${"  ".repeat(--depth)}${token}`
  })
  return pieces.join("")
}

function absent(field: EventField): FieldHint["state"] {
  return field.optional ? "left out" : "missing"
}

function roleOf(event: EventStream, field: EventField): FieldHint["role"] {
  if (field.name === event.id) return "id"
  if (field.name === event.time) return "event time"
  return field.name === event.key ? "key" : null
}

function parse(text: string): { readonly value: object | null; readonly problem: string | null } {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { value, problem: null }
    return { value: null, problem: "an event is a JSON object: { … }" }
  } catch (error) {
    return { value: null, problem: error instanceof Error ? error.message : String(error) }
  }
}
