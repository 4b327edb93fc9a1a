/** Functions and operators over strings and bytes. Positions count Unicode characters, from 1. */
import { STRING } from "../../columns/types.ts"
import type { Kernel } from "../compile/kernel.ts"
import { runtime } from "../compile/kernel.ts"
import * as onSlices from "../kernels/slice-kernels.ts"
import * as kernels from "../kernels/text-kernels.ts"
import { initcapText } from "../values/case-mapping.ts"
import { decodeBytes, encodeBytes } from "../values/encoding.ts"
import { compileRegex, matches, replaceMatches } from "../values/regex.ts"
import * as values from "../values/text.ts"
import { each } from "./comparison.ts"
import type { ArgumentType, CatalogueEntry, Fault, Unify } from "./entry.ts"
import { fn, op } from "./entry.ts"

const INVALID = "invalid-argument"

const isText = (arg: ArgumentType | undefined) =>
  arg !== undefined && (arg === "unknown" || arg.kind === "string")
/** `text || anything` appends its text form; two that are not strings have no ||. */
const appendText: Unify = (args) => (isText(args[0]) || isText(args[1]) ? [STRING, STRING] : null)

/** A constant pattern that the two engines do not read alike is refused before any row is seen. */
const patternFault: Fault = ([, pattern]) =>
  typeof pattern === "string" && compileRegex(pattern, false) === null
    ? `"${pattern}" uses syntax that is not supported: see "Regular expressions" in docs/functions.md`
    : null
const regex = { fault: patternFault } as const

const matching = (ignoreCase: boolean, expected: boolean) =>
  runtime((text: string, pattern: string) => matches(text, pattern, ignoreCase) === expected, INVALID)

/** name(string…) and name(string,string…): the second parameter may be left out. */
function optional(name: string, kernel: Kernel): CatalogueEntry[] {
  return [fn(`${name}(string) -> string`, kernel), fn(`${name}(string,string) -> string`, kernel)]
}

function slices(name: string): CatalogueEntry[] {
  return [
    fn(`${name}(string,int32) -> string`, onSlices.substringFrom),
    fn(`${name}(string,int32,int32) -> string`, onSlices.substring),
    fn(`${name}(bytes,int32) -> bytes`, runtime(values.bytesFrom)),
    fn(`${name}(bytes,int32,int32) -> bytes`, runtime(values.subbytes, INVALID)),
  ]
}

function pads(name: string, kernel: Kernel): CatalogueEntry[] {
  return [fn(`${name}(string,int32) -> string`, kernel), fn(`${name}(string,int32,string) -> string`, kernel)]
}

function escaped(name: string, word: string, expected: boolean, ignoreCase: boolean): CatalogueEntry {
  const kernel = kernels.likeEscapeKernel(expected, ignoreCase)
  const postgres = `($1 ${name.toUpperCase()} $2 ESCAPE $3)`
  return op(`${name} escape`, `${word}_escape(string,string,string) -> boolean`, kernel, { postgres })
}

const patterns: readonly CatalogueEntry[] = [
  op("like", "like(string,string) -> boolean", kernels.likeKernel(true)),
  op("not like", "not_like(string,string) -> boolean", kernels.likeKernel(false)),
  op("ilike", "ilike(string,string) -> boolean", kernels.ilikeKernel(true)),
  op("not ilike", "not_ilike(string,string) -> boolean", kernels.ilikeKernel(false)),
  fn("like_escape(string,string) -> string", kernels.rewritePattern),
  escaped("like", "like", true, false),
  escaped("not like", "not_like", false, false),
  escaped("ilike", "ilike", true, true),
  escaped("not ilike", "not_ilike", false, true),
  op("~", "matches(string,string) -> boolean", matching(false, true), regex),
  op("~*", "matches_nocase(string,string) -> boolean", matching(true, true), regex),
  op("!~", "not_matches(string,string) -> boolean", matching(false, false), regex),
  op("!~*", "not_matches_nocase(string,string) -> boolean", matching(true, false), regex),
  fn("regexp_like(string,string) -> boolean", matching(false, true), regex),
  fn("regexp_replace(string,string,string) -> string", runtime(replaceMatches, INVALID), regex),
  fn("regexp_replace(string,string,string,string) -> string", runtime(replaceMatches, INVALID), regex),
]

const lengths: readonly CatalogueEntry[] = [
  fn("length(string) -> int32", kernels.characterLength),
  fn("length(bytes) -> int32", kernels.byteLength),
  fn("char_length(string) -> int32", kernels.characterLength),
  fn("character_length(string) -> int32", kernels.characterLength),
  fn("octet_length(string) -> int32", kernels.textByteLength),
  fn("octet_length(bytes) -> int32", kernels.byteLength),
  fn("bit_length(string) -> int32", kernels.textBitLength),
  fn("bit_length(bytes) -> int32", kernels.bitLength),
]

const appending: readonly CatalogueEntry[] = [
  op("||", "append(string,string) -> string", kernels.append),
  op("||", "append(any,any) -> string", kernels.append, { unify: appendText }),
  op("||", "append(bytes,bytes) -> bytes", kernels.appendBytes),
  fn("concat(any...) -> string", kernels.concat, { unify: each, nulls: "never" }),
  fn("concat_ws(string,any...) -> string", kernels.concatWithSeparator, {
    unify: (args, literals) => (isText(args[0]) ? each(args, literals) : null),
    nulls: "own",
  }),
]

export const text: readonly CatalogueEntry[] = [
  ...appending,
  ...patterns,
  ...lengths,
  op("^@", "begins(string,string) -> boolean", kernels.startsWith),
  fn("starts_with(string,string) -> boolean", kernels.startsWith),
  fn("lower(string) -> string", onSlices.lower),
  fn("upper(string) -> string", onSlices.upper),
  fn("initcap(string) -> string", runtime(initcapText)),
  ...slices("substring"),
  ...slices("substr"),
  fn("left(string,int32) -> string", onSlices.left),
  fn("right(string,int32) -> string", runtime(values.right)),
  ...optional("btrim", runtime(values.trimBoth)),
  ...optional("ltrim", runtime(values.trimStart)),
  ...optional("rtrim", runtime(values.trimEnd)),
  ...pads("lpad", runtime(values.padStart, INVALID)),
  ...pads("rpad", runtime(values.padEnd, INVALID)),
  fn("replace(string,string,string) -> string", onSlices.replaceText),
  fn("strpos(string,string) -> int32", runtime(values.positionOf)),
  fn("position(string,string) -> int32", runtime(values.positionOf), { postgres: "position($2 IN $1)" }),
  fn("split_part(string,string,int32) -> string", onSlices.splitPart),
  fn("reverse(string) -> string", runtime(values.reverseText)),
  fn("repeat(string,int32) -> string", runtime(values.repeatText, INVALID)),
  fn("translate(string,string,string) -> string", runtime(values.translateText)),
  fn("overlay(string,string,int32) -> string", runtime(values.overlay, INVALID, "integer-out-of-range")),
  fn(
    "overlay(string,string,int32,int32) -> string",
    runtime(values.overlay, INVALID, "integer-out-of-range"),
  ),
  fn("ascii(string) -> int32", runtime(values.asciiOf)),
  fn("chr(int32) -> string", runtime(values.characterOf, INVALID)),
  fn("md5(string) -> string", kernels.md5OfText),
  fn("md5(bytes) -> string", kernels.md5OfBytes),
  fn("to_hex(int32) -> string", runtime(values.hexOf32)),
  fn("to_hex(int64) -> string", runtime(values.hexOf64)),
  fn("encode(bytes,string) -> string", runtime(encodeBytes, INVALID)),
  fn("decode(string,string) -> bytes", runtime(decodeBytes, INVALID, "invalid-cast")),
]
