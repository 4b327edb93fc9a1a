/**
 * What it takes to decode rows that a contract has accepted before, as data that another thread can be given:
 * the forms of its fields without their checks, which were passed at the door. A row of an older contract
 * gets its columns as far as their types fit.
 */
import { z } from "zod"
import type { LogicalType } from "../columns/types.ts"
import type { EventContract, RowContract, UnknownFields } from "./contract.ts"
import { type Check, type FieldRule, plainRule, type ValueForm } from "./field-rule.ts"

export interface AcceptedField {
  readonly name: string
  readonly type: LogicalType
  readonly nullable: boolean
  readonly optional: boolean
  readonly form: ValueForm
  readonly acceptsNull: boolean
  readonly defaultText: string | null
  /** zod drops spaces and line breaks of a URL, so what is stored is what it makes of it. */
  readonly isUrl: boolean
}

export interface AcceptedRows {
  readonly name: string
  readonly topic: string
  readonly fields: readonly AcceptedField[]
  readonly unknownFields: UnknownFields
}

export function acceptedRows({ name, topic, fields, unknownFields }: EventContract): AcceptedRows {
  return {
    ...{ name, topic, unknownFields },
    fields: fields.map((field) => {
      const { form, acceptsNull, defaultText, checks } = field.rule ?? plainRule(field.type, field.nullable)
      const { type, nullable, optional } = field
      const isUrl = form.kind === "string" && checks.some(rewritesUrl)
      return { name: field.name, ...{ type, nullable, optional, form, acceptsNull, defaultText, isUrl } }
    }),
  }
}

/** What a decoder of such rows is made from. Keys that the contract does not name are no reason to refuse. */
export function contractOfAccepted(rows: AcceptedRows): RowContract {
  const fields = rows.fields.map(({ name, type, nullable, optional, isUrl, ...rest }) => {
    const schema = isUrl ? z.url().nullish() : null
    const checks: readonly Check[] = isUrl ? [{ kind: "zod", label: "url" }] : []
    const rule: FieldRule = { ...rest, checks, judgesAbsence: false, schema }
    return { name, type, nullable, optional, rule }
  })
  return { name: rows.name, fields, unknownFields: "keep" }
}

function rewritesUrl(check: Check): boolean {
  return check.kind === "zod" && check.label.includes('"format":"url"')
}
