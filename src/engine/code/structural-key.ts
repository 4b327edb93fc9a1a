/** A text that is equal for expressions that compute the same thing, to share their work and state. */
import type { Expression } from "../../expr/expression.ts"

export function structuralKey(expression: Expression): string {
  return JSON.stringify(expression, (name, value: unknown) => {
    if (name === "name") return undefined
    if (typeof value === "bigint") return `${value}n`
    if (typeof value === "number") return Object.is(value, -0) ? "-0" : `#${value}`
    if (value instanceof Uint8Array) return `bytes:${Array.from(value).join(",")}`
    return value
  })
}
