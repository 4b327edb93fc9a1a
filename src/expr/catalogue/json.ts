/** Functions and operators over json, which keeps the producer's text: what `->` gives is a piece of it. */
import { JSON_TEXT } from "../../columns/types.ts"
import { nullableRuntime, runtime } from "../compile/kernel.ts"
import * as values from "../values/json.ts"
import type { CatalogueEntry, EntryOptions } from "./entry.ts"
import { fn, op } from "./entry.ts"

const INVALID = "invalid-cast"
const piece = { nulls: "nullable", type: () => JSON_TEXT } as const
const value = { nulls: "nullable" } as const
/** PostgreSQL's path is an array of text; here it is that array's text form. */
const path = (options: EntryOptions, symbol: string): EntryOptions => ({
  ...options,
  postgres: `($1 ${symbol} CAST($2 AS text[]))`,
})

const alongPath = (text: string, ...steps: string[]) => values.jsonPath(text, steps)
const alongPathText = (text: string, ...steps: string[]) => values.jsonAsText(values.jsonPath(text, steps))

export const json: readonly CatalogueEntry[] = [
  op("->", "json_get(json,string) -> json", nullableRuntime(values.jsonField, INVALID), piece),
  op("->", "json_get(json,int32) -> json", nullableRuntime(values.jsonElement, INVALID), piece),
  op("->>", "json_text(json,string) -> string", nullableRuntime(values.jsonFieldText, INVALID), value),
  op("->>", "json_text(json,int32) -> string", nullableRuntime(values.jsonElementText, INVALID), value),
  op("#>", "json_path(json,string) -> json", nullableRuntime(values.jsonPathAt, INVALID), path(piece, "#>")),
  op(
    "#>>",
    "json_path_text(json,string) -> string",
    nullableRuntime(values.jsonPathTextAt, INVALID),
    path(value, "#>>"),
  ),
  fn("json_extract_path(json,string...) -> json", nullableRuntime(alongPath, INVALID), piece),
  fn("json_extract_path_text(json,string...) -> string", nullableRuntime(alongPathText, INVALID), value),
  fn("json_array_length(json) -> int32", runtime(values.jsonArrayLength, "invalid-argument")),
  fn("json_typeof(json) -> string", runtime(values.jsonTypeOf)),
]
