/** One input for each field of a contract, of the kind that its type asks for. */
import { useId } from "react"
import type { EventField, EventStream, JsonSchema } from "../api/types.ts"
import { type Draft, inputKind } from "./draft.ts"
import { fieldSchema } from "./example.ts"

interface Props {
  readonly event: EventStream
  readonly schema: JsonSchema
  readonly draft: Draft
  readonly onChange: (name: string, text: string) => void
}

export function FieldInputs({ event, schema, draft, onChange }: Props) {
  return (
    <div className="fields">
      {event.fields.map((field) => (
        <FieldInput
          key={field.name}
          field={field}
          role={roleOf(event, field)}
          schema={fieldSchema(schema, field.name)}
          text={draft[field.name] ?? ""}
          onChange={(text) => onChange(field.name, text)}
        />
      ))}
    </div>
  )
}

function roleOf(event: EventStream, field: EventField): string | null {
  if (field.name === event.id) return "id"
  if (field.name === event.time) return "event time"
  return field.name === event.key ? "key" : null
}

interface InputProps {
  readonly field: EventField
  readonly role: string | null
  readonly schema: JsonSchema
  readonly text: string
  readonly onChange: (text: string) => void
}

function FieldInput({ field, role, schema, text, onChange }: InputProps) {
  const id = useId()
  const kind = inputKind(field)
  const hint = [field.type, role, kind === "datetime" ? "UTC" : null, field.optional ? "optional" : null]
  const shared = { id, name: field.name, "aria-describedby": `${id}-hint`, autoComplete: "off" }
  const wide = kind === "json" || kind === "datetime" || field.name.length > 18
  return (
    <div className={wide ? "field wide" : "field"}>
      <label htmlFor={id}>{field.name}</label>
      <Control kind={kind} field={field} schema={schema} text={text} onChange={onChange} shared={shared} />
      <span className="hint" id={`${id}-hint`} title={schema.description}>
        {hint.filter((part) => part !== null).join(" · ")}
      </span>
    </div>
  )
}

interface ControlProps extends Omit<InputProps, "role"> {
  readonly kind: ReturnType<typeof inputKind>
  readonly shared: { readonly id: string; readonly name: string; readonly autoComplete: string }
}

function Control({ kind, field, schema, text, onChange, shared }: ControlProps) {
  const choices = kind === "boolean" ? [true, false] : (schema.enum ?? []).filter((choice) => choice !== null)
  if (choices.length > 0) {
    return (
      <select {...shared} value={text} onChange={(change) => onChange(change.target.value)}>
        {(field.optional || field.nullable) && <option value="">(left out)</option>}
        {choices.map((choice) => (
          <option key={String(choice)}>{String(choice)}</option>
        ))}
      </select>
    )
  }
  if (kind === "json") {
    return (
      <textarea
        {...shared}
        rows={2}
        value={text}
        placeholder={field.optional ? "left out" : "{}"}
        spellCheck={false}
        onChange={(change) => onChange(change.target.value)}
      />
    )
  }
  const placeholder = field.optional ? "left out" : undefined
  return (
    <input
      {...shared}
      type={INPUT_TYPES[kind]}
      value={text}
      placeholder={placeholder}
      inputMode={kind === "number" ? "decimal" : undefined}
      step={kind === "datetime" ? "0.001" : undefined}
      onChange={(change) => onChange(change.target.value)}
    />
  )
}

/** Numbers are text fields: a number field would round an int64 and hide what cannot be read. */
const INPUT_TYPES = {
  text: "text",
  email: "email",
  number: "text",
  datetime: "datetime-local",
  date: "date",
  boolean: "text",
} as const
