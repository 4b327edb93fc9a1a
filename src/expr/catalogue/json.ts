/** Functions and operators over json, which keeps the producer's text: what `->` gives is a piece of it. */
import { JSON_TEXT } from "../../columns/types.ts"
import type { CatalogueEntry } from "./entry.ts"
import { fn, op } from "./entry.ts"

const piece = { nulls: "nullable", type: () => JSON_TEXT } as const
const value = { nulls: "nullable" } as const

export const json: readonly CatalogueEntry[] = [
  op("->", "json_get(json,string) -> json", piece),
  op("->", "json_get(json,int32) -> json", piece),
  op("->>", "json_text(json,string) -> string", value),
  op("->>", "json_text(json,int32) -> string", value),
  op("#>", "json_path(json,string) -> json", piece),
  op("#>>", "json_path_text(json,string) -> string", value),
  fn("json_extract_path(json,string...) -> json", piece),
  fn("json_extract_path_text(json,string...) -> string", value),
  fn("json_array_length(json) -> int32"),
  fn("json_typeof(json) -> string"),
]
