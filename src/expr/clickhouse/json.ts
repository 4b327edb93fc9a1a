/**
 * JSON by its text. ClickHouse's JSON functions print numbers and spaces anew, and read numbers as doubles;
 * here the text is cut into tokens, so that every piece is exactly what the producer sent. Strings are taken
 * out of their quotes by ClickHouse's own reader.
 */

import { takeFailure } from "../values/failure-register.ts"
import { parsePath } from "../values/json.ts"
import type { ClickHouseSpelling, SpellingCall } from "./spelling.ts"
import { constantText, spelled, strictly } from "./spelling.ts"
import type { Names } from "./sql-writer.ts"
import { textLiteral } from "./sql-writer.ts"

/** A string, a bracket, a comma or colon, white space, or a number, true, false, null. */
const TOKEN = textLiteral('"(?:[^"\\\\]|\\\\.)*"|[{}\\[\\],:]|[ \\t\\n\\r]+|[^\\s{}\\[\\],:"]+')
const SPACE = "' \\t\\n\\r'"

export function trimJson(text: string): string {
  return `trimBoth(${text}, ${SPACE})`
}

/**
 * The members between the outer brackets of an object or array, each as the list of its tokens; empty for
 * other values. `text` is a name and not NULL.
 */
function membersSql(names: Names, text: string): string {
  const tokens = `arraySlice(extractAll(assumeNotNull(${trimJson(text)}), ${TOKEN}), 2, -1)`
  return names.bind([tokens], (t) => {
    const depth = `arrayCumSum(arrayMap(x -> multiIf(x IN ('{', '['), 1, x IN ('}', ']'), -1, 0), ${t}))`
    return `if(empty(${t}), [], arraySplit((x, d) -> x = ',' AND d = 0, ${t}, ${depth}))`
  })
}

const withoutComma = (member: string) =>
  `arrayFilter((x, i) -> NOT (i = 1 AND x = ','), ${member}, arrayEnumerate(${member}))`

/** [(key, text of the value)] of an object's members, in their order. */
export function objectMembersSql(names: Names, text: string): string {
  const member = names.fresh()
  const key = `JSONExtractString(assumeNotNull(arrayFirst(x -> startsWith(x, '"'), ${member})))`
  const after = `arraySlice(${member}, indexOf(${member}, ':') + 1)`
  const pair = `tuple(${key}, ${trimJson(`arrayStringConcat(${after})`)})`
  const members = `arrayMap(${member} -> ${pair}, ${membersSql(names, text)})`
  return `arrayFilter(p -> p.2 != '', ${members})`
}

/** Texts of an array's elements. */
function elementsSql(names: Names, text: string): string {
  const member = names.fresh()
  const element = trimJson(`arrayStringConcat(${withoutComma(member)})`)
  const elements = `arrayMap(${member} -> ${element}, ${membersSql(names, text)})`
  return `arrayFilter(x -> x != '', ${elements})`
}

const first = (text: string) => `substring(${trimJson(text)}, 1, 1)`

export function fieldSql(names: Names, text: string, key: string): string {
  return names.strict([text, key], (t, k) =>
    names.bind(
      [`arrayFilter(p -> p.1 = ${k}, ${objectMembersSql(names, t)})`],
      (found) => `if(${first(t)} = '{' AND notEmpty(${found}), toNullable(${found}[-1].2), NULL)`,
    ),
  )
}

export function elementSql(names: Names, text: string, index: string): string {
  return names.strict([text, index], (t, i) =>
    names.bind(
      [elementsSql(names, t), `if(${i} < 0, toInt64(${i}), toInt64(${i}) + 1)`],
      (list, at) =>
        `if(${first(t)} = '[' AND abs(${at}) <= length(${list}), toNullable(${list}[${at}]), NULL)`,
    ),
  )
}

/** Strings without quotes and escapes, JSON null as NULL, anything else as its text. */
export function jsonTextSql(names: Names, piece: string): string {
  return names.bind([piece], (p) => {
    const text = `if(startsWith(${p}, '"'), JSONExtractString(assumeNotNull(${p})), assumeNotNull(${p}))`
    return `if(isNull(${p}) OR ${p} = 'null', NULL, ${text})`
  })
}

function along(names: Names, text: string, path: readonly (string | null)[]): string {
  return path.reduce((piece: string, step) => {
    if (step === null) return "CAST(NULL, 'Nullable(String)')"
    return names.bind([piece], (p) => {
      const field = fieldSql(names, p, textLiteral(step))
      if (!/^[ \t\n\r\v\f]*[+-]?\d+$/.test(step) || Math.abs(Number(step)) > 2_147_483_647) return field
      return `if(${first(p)} = '[', ${elementSql(names, p, `toInt64(${Number(step)})`)}, ${field})`
    })
  }, trimJson(text))
}

/** `{a,0}` as a constant. */
function pathOf(call: SpellingCall): readonly (string | null)[] {
  const path = parsePath(constantText(call, 1, "the path"))
  takeFailure()
  return path
}

function stepsOf(call: SpellingCall): readonly string[] {
  return call.args.slice(1).map((_, i) => constantText(call, i + 1, "a step of the path"))
}

const types = { "{": "object", "[": "array", '"': "string", t: "boolean", f: "boolean", n: "null" }

export const jsonSpellings: Readonly<Record<string, ClickHouseSpelling>> = {
  "json_get(json,string)": spelled(({ names, args }) => fieldSql(names, args[0]!, args[1]!)),
  "json_get(json,int32)": spelled(({ names, args }) => elementSql(names, args[0]!, args[1]!)),
  "json_text(json,string)": spelled(({ names, args }) =>
    jsonTextSql(names, fieldSql(names, args[0]!, args[1]!)),
  ),
  "json_text(json,int32)": spelled(({ names, args }) =>
    jsonTextSql(names, elementSql(names, args[0]!, args[1]!)),
  ),
  "json_path(json,string)": spelled((call) => along(call.names, call.args[0]!, pathOf(call))),
  "json_path_text(json,string)": spelled((call) =>
    jsonTextSql(call.names, along(call.names, call.args[0]!, pathOf(call))),
  ),
  "json_extract_path(json,string...)": spelled((call) => along(call.names, call.args[0]!, stepsOf(call))),
  "json_extract_path_text(json,string...)": spelled((call) =>
    jsonTextSql(call.names, along(call.names, call.args[0]!, stepsOf(call))),
  ),
  "json_array_length(json)": strictly(({ names }, text) => `toInt32(length(${elementsSql(names, text)}))`),
  "json_typeof(json)": strictly((_, text) => {
    const froms = Object.keys(types).map(textLiteral)
    return `transform(${first(text)}, [${froms}], [${Object.values(types).map(textLiteral)}], 'number')`
  }),
}
