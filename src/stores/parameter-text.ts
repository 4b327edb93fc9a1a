/**
 * Values of query parameters as ClickHouse's HTTP interface takes them: the text of TabSeparated, where
 * strings have their escapes, and an array has none but those of its quoted strings.
 */
import type { ParameterValue } from "./clickhouse.ts"

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\\", "\\\\"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\0", "\\0"],
])

export function parameterText(value: ParameterValue): string {
  if (value === null) return "\\N"
  return typeof value === "string" ? escapeTab(value) : nestedText(value)
}

function nestedText(value: ParameterValue): string {
  if (value === null) return "NULL"
  if (Array.isArray(value)) return `[${value.map(nestedText).join(",")}]`
  if (typeof value === "string") return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
  return String(value)
}

function escapeTab(text: string): string {
  return text.replaceAll(/[\\\t\n\r\0]/g, (letter) => ESCAPES.get(letter) ?? letter)
}
