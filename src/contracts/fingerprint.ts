/** The fingerprint of a contract: its fields and their checks, whatever order they are written in. */
import { typeName } from "../columns/types.ts"
import { fingerprint } from "../std/fingerprint.ts"
import type { ContractField, UnknownFields } from "./contract.ts"
import type { Check } from "./field-rule.ts"

export interface FingerprintParts {
  readonly fields: readonly ContractField[]
  readonly unknownFields: UnknownFields
  /** Description of the checks over several fields; null when there are none. */
  readonly rowChecks: string | null
}

/** 16 hex digits. */
export function fingerprintContract({ fields, unknownFields, rowChecks }: FingerprintParts): string {
  const lines = fields.map(describeField).sort()
  return fingerprint([...lines, `unknown ${unknownFields}`, `row ${rowChecks ?? ""}`].join("\n"))
}

function describeField(field: ContractField): string {
  const { name, type, nullable, optional, rule } = field
  const checks = (rule?.checks ?? []).map(describeCheck).sort()
  return JSON.stringify([
    name,
    typeName(type),
    nullable,
    optional,
    rule?.form ?? null,
    rule?.acceptsNull ?? nullable,
    rule?.defaultText ?? null,
    checks,
  ])
}

function describeCheck(check: Check): string {
  switch (check.kind) {
    case "minimum":
    case "maximum":
      return `${check.kind} ${check.value} ${check.inclusive}`
    case "multiple-of":
      return `${check.kind} ${check.value}`
    case "min-length":
    case "max-length":
      return `${check.kind} ${check.length}`
    case "one-of":
      return `${check.kind} ${JSON.stringify(check.values.map((value) => JSON.stringify(value)).sort())}`
    case "pattern":
      return `${check.kind} ${check.pattern}`
    case "zod":
      return `${check.kind} ${check.label}`
  }
}
