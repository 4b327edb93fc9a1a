/** Functions and operators over strings and bytes. Positions count Unicode characters, from 1. */
import { BYTES, STRING } from "../../columns/types.ts"
import { each } from "./comparison.ts"
import type { ArgumentType, CatalogueEntry, Unify } from "./entry.ts"
import { fn, op } from "./entry.ts"

const isText = (arg: ArgumentType | undefined) =>
  arg === "unknown" || (arg as { kind: string }).kind === "string"

/** `text || anything` appends its text form; two that are not strings have no ||. */
const appendText: Unify = (args) =>
  isText(args[0]) || isText(args[1]) ? (args.some((arg) => arg === BYTES) ? null : [STRING, STRING]) : null

const matching = [
  ["like", "like"],
  ["not like", "not_like"],
  ["ilike", "ilike"],
  ["not ilike", "not_ilike"],
  ["~", "matches"],
  ["~*", "matches_nocase"],
  ["!~", "not_matches"],
  ["!~*", "not_matches_nocase"],
] as const

function trims(name: string): CatalogueEntry[] {
  return [fn(`${name}(string) -> string`), fn(`${name}(string,string) -> string`)]
}

function slices(name: string): CatalogueEntry[] {
  return ["string", "bytes"].flatMap((kind) => [
    fn(`${name}(${kind},int32) -> ${kind}`),
    fn(`${name}(${kind},int32,int32) -> ${kind}`),
  ])
}

function pads(name: string): CatalogueEntry[] {
  return [fn(`${name}(string,int32) -> string`), fn(`${name}(string,int32,string) -> string`)]
}

export const text: readonly CatalogueEntry[] = [
  op("||", "append(string,string) -> string"),
  op("||", "append(any,any) -> string", { unify: appendText }),
  op("||", "append(bytes,bytes) -> bytes"),
  fn("concat(any...) -> string", { unify: each, nulls: "never" }),
  fn("concat_ws(string,any...) -> string", {
    unify: (args, literals) => (isText(args[0]) ? each(args, literals) : null),
    nulls: "own",
  }),
  ...matching.map(([symbol, word]) => op(symbol, `${word}(string,string) -> boolean`)),
  op("like escape", "like_escape(string,string,string) -> boolean", { postgres: "($1 LIKE $2 ESCAPE $3)" }),
  op("not like escape", "not_like_escape(string,string,string) -> boolean", {
    postgres: "($1 NOT LIKE $2 ESCAPE $3)",
  }),
  op("ilike escape", "ilike_escape(string,string,string) -> boolean", {
    postgres: "($1 ILIKE $2 ESCAPE $3)",
  }),
  op("not ilike escape", "not_ilike_escape(string,string,string) -> boolean", {
    postgres: "($1 NOT ILIKE $2 ESCAPE $3)",
  }),
  op("^@", "begins(string,string) -> boolean"),
  fn("lower(string) -> string"),
  fn("upper(string) -> string"),
  fn("initcap(string) -> string"),
  fn("length(string) -> int32"),
  fn("length(bytes) -> int32"),
  fn("char_length(string) -> int32"),
  fn("character_length(string) -> int32"),
  fn("octet_length(string) -> int32"),
  fn("octet_length(bytes) -> int32"),
  fn("bit_length(string) -> int32"),
  fn("bit_length(bytes) -> int32"),
  ...slices("substring"),
  ...slices("substr"),
  fn("left(string,int32) -> string"),
  fn("right(string,int32) -> string"),
  ...trims("btrim"),
  ...trims("ltrim"),
  ...trims("rtrim"),
  ...pads("lpad"),
  ...pads("rpad"),
  fn("replace(string,string,string) -> string"),
  fn("strpos(string,string) -> int32"),
  fn("position(string,string) -> int32", { postgres: `position($2 IN $1)` }),
  fn("split_part(string,string,int32) -> string"),
  fn("starts_with(string,string) -> boolean"),
  fn("reverse(string) -> string"),
  fn("repeat(string,int32) -> string"),
  fn("translate(string,string,string) -> string"),
  fn("overlay(string,string,int32) -> string"),
  fn("overlay(string,string,int32,int32) -> string"),
  fn("ascii(string) -> int32"),
  fn("chr(int32) -> string"),
  fn("md5(string) -> string"),
  fn("md5(bytes) -> string"),
  fn("to_hex(int32) -> string"),
  fn("to_hex(int64) -> string"),
  fn("encode(bytes,string) -> string"),
  fn("decode(string,string) -> bytes"),
  fn("regexp_like(string,string) -> boolean"),
  fn("regexp_replace(string,string,string) -> string"),
  fn("regexp_replace(string,string,string,string) -> string"),
]
