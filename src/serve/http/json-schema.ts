/** The pieces that JSON Schemas of answers are made of. */
import type { JsonSchema } from "./route.ts"

export const text = { type: "string" }
export const textOrNull = { type: ["string", "null"] }
export const count = { type: "integer", minimum: 0 }
export const flag = { type: "boolean" }
export const instant = { type: "string", format: "date-time" }
export const instantOrNull = { type: ["string", "null"], format: "date-time" }

export function object(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: "object", properties, required, additionalProperties: false }
}

export function list(items: JsonSchema): JsonSchema {
  return { type: "array", items }
}
