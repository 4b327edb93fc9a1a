/** Strings and bytes. Positions count characters; ClickHouse counts bytes unless asked for UTF8. */
import { lowerText } from "../values/case-mapping.ts"
import { outputSql } from "./casts.ts"
import { likeSource, regexSource } from "./patterns.ts"
import type { ClickHouseSpelling, SpellingCall } from "./spelling.ts"
import { constantText, NoSpelling, none, spelled, strictly, template } from "./spelling.ts"
import type { Names } from "./sql-writer.ts"
import { textLiteral } from "./sql-writer.ts"

/** The longest string that repeat and padding are asked for; ours fail beyond 16 Mi. */
const MAX_REPEATS = 1_000_000

const charactersOf = (text: string) => `extractAll(assumeNotNull(${text}), '(?s).')`
const ASCII = "'^[\\\\x00-\\\\x7f]*$'"

/** Letter by letter: over a whole text ClickHouse applies the rules that make two letters of one. */
function caseSql(names: Names, text: string, to: "upper" | "lower"): string {
  return names.strict([text], (t) => {
    const c = names.fresh()
    const changed = `${to}UTF8(${c})`
    const special =
      to === "lower"
        ? `${c} = 'İ', 'i', `
        : `${c} IN (${IOTA_FROM}), transform(${c}, [${IOTA_FROM}], [${IOTA_TO}], ${c}), `
    const letter = `multiIf(${special}lengthUTF8(${changed}) = 1, ${changed}, ${c})`
    const letters = `arrayStringConcat(arrayMap(${c} -> ${letter}, ${charactersOf(t)}))`
    return `if(match(${t}, ${ASCII}), ${to}(${t}), ${letters})`
  })
}

/** Greek letters with iota subscript: the simple upper case is the title case letter. */
const IOTA = [0x1f80, 0x1f90, 0x1fa0]
  .flatMap((start) => Array.from({ length: 8 }, (_, i) => [start + i, start + i + 8] as const))
  .concat([
    [0x1fb3, 0x1fbc],
    [0x1fc3, 0x1fcc],
    [0x1ff3, 0x1ffc],
  ])
const IOTA_FROM = IOTA.map(([from]) => `'${String.fromCharCode(from)}'`).join(", ")
const IOTA_TO = IOTA.map(([, to]) => `'${String.fromCharCode(to)}'`).join(", ")

/** From character `start` (1 is the first, less is before it) to before `end`; Int64 both. */
function sliceSql(kind: "string" | "bytes", text: string, start: string, end: string): string {
  const name = kind === "string" ? "substringUTF8" : "substring"
  const from = `greatest(${start}, toInt64(1))`
  return `${name}(${text}, ${from}, greatest(${end} - ${from}, toInt64(0)))`
}

const FAR = "toInt64('4294967296')"
const int64 = (sql: string) => `toInt64(${sql})`

function substring(name: string): [string, ClickHouseSpelling][] {
  return (["string", "bytes"] as const).flatMap((kind): [string, ClickHouseSpelling][] => [
    [`${name}(${kind},int32)`, strictly((_, t, start) => sliceSql(kind, t, int64(start), FAR))],
    [
      `${name}(${kind},int32,int32)`,
      strictly((_, t, start, count) => {
        return sliceSql(kind, t, int64(start), `${int64(start)} + ${int64(count)}`)
      }),
    ],
  ])
}

const left = strictly((_, t, count) => {
  const end = `if(${count} >= 0, ${int64(count)} + 1, ${int64(`lengthUTF8(${t})`)} + ${int64(count)} + 1)`
  return sliceSql("string", t, "toInt64(1)", end)
})

const right = strictly((_, t, count) => {
  const length = int64(`lengthUTF8(${t})`)
  const [fromEnd, fromStart] = [`${length} - ${int64(count)} + 1`, `1 - ${int64(count)}`]
  const start = `multiIf(${count} = -2147483648, toInt64(1), ${count} >= 0, ${fromEnd}, ${fromStart})`
  return sliceSql("string", t, start, FAR)
})

function trim(atStart: boolean, atEnd: boolean): ClickHouseSpelling {
  return strictly(({ names }, t, set = "' '") =>
    names.bind([charactersOf(t), charactersOf(set)], (list, members) => {
      const outside = `c -> NOT has(${members}, c)`
      const first = atStart ? `arrayFirstIndex(${outside}, ${list})` : "1"
      const last = atEnd ? `arrayLastIndex(${outside}, ${list})` : `length(${list})`
      const kept = `arraySlice(${list}, ${first}, ${int64(last)} - ${int64(first)} + 1)`
      return `if(arrayExists(${outside}, ${list}), arrayStringConcat(${kept}), '')`
    }),
  )
}

function pad(atStart: boolean): ClickHouseSpelling {
  return strictly(({ names }, t, length, fill = "' '") =>
    names.bind(
      [`greatest(${int64(length)}, toInt64(0))`, int64(`lengthUTF8(${t})`), int64(`lengthUTF8(${fill})`)],
      (wanted, has, width) => {
        const missing = `greatest(${wanted} - ${has}, toInt64(0))`
        const times = `least(intDivOrZero(${missing}, ${width}) + 1, ${MAX_REPEATS})`
        const padding = `substringUTF8(repeat(${fill}, ${times}), 1, ${missing})`
        const cut = `substringUTF8(${t}, 1, ${wanted})`
        const parts = atStart ? [padding, cut] : [cut, padding]
        return `if(${width} = 0, ${cut}, concat(${parts.join(", ")}))`
      },
    ),
  )
}

/** Empty text: none of it is found; an empty wanted text is found at once. */
const position = strictly((_, t, wanted) => `toInt32(if(empty(${wanted}), 1, positionUTF8(${t}, ${wanted})))`)

const splitPart = spelled((call) => {
  const delimiter = constantText(call, 1, "the delimiter")
  return call.names.strict([call.args[0]!, call.args[2]!], (t, field) => {
    if (delimiter === "") return `if(${field} IN (1, -1), ${t}, '')`
    const parts = `splitByString(${textLiteral(delimiter)}, assumeNotNull(${t}))`
    return call.names.bind([parts], (list) => {
      const none = `abs(${field}) > length(${list}) OR ${field} = 0 OR empty(${t})`
      return `if(${none}, '', ${list}[if(${field} = 0, 1, ${field})])`
    })
  })
})

const translate = strictly(({ names }, t, from, to) =>
  names.bind([charactersOf(from), charactersOf(to)], (froms, tos) => {
    const c = names.fresh()
    const at = `indexOf(${froms}, ${c})`
    return `arrayStringConcat(arrayMap(${c} -> if(${at} = 0, ${c}, ${tos}[${at}]), ${charactersOf(t)}))`
  }),
)

const overlay = strictly(({ names }, t, replacement, start, length) =>
  names.bind([length === undefined ? int64(`lengthUTF8(${replacement})`) : int64(length)], (count) => {
    const before = sliceSql("string", t, "toInt64(1)", int64(start))
    return `concat(${before}, ${replacement}, ${sliceSql("string", t, `${int64(start)} + ${count}`, FAR)})`
  }),
)

/** The first character's code point, from its bytes. */
const ascii = strictly((_, t) => {
  const byte = (i: number) => `toInt32(reinterpretAsUInt8(substring(${t}, ${i}, 1)))`
  const rest = (i: number) => `bitAnd(${byte(i)}, 63)`
  return (
    `toInt32(multiIf(empty(${t}), 0, ${byte(1)} < 128, ${byte(1)}, ` +
    `${byte(1)} < 224, bitAnd(${byte(1)}, 31) * 64 + ${rest(2)}, ` +
    `${byte(1)} < 240, bitAnd(${byte(1)}, 15) * 4096 + ${rest(2)} * 64 + ${rest(3)}, ` +
    `bitAnd(${byte(1)}, 7) * 262144 + ${rest(2)} * 4096 + ${rest(3)} * 64 + ${rest(4)}))`
  )
})

const chr = strictly((_, code) => {
  const part = (shift: number) => `128 + bitAnd(bitShiftRight(${code}, ${shift}), 63)`
  return (
    `multiIf(${code} < 128, char(${code}), ` +
    `${code} < 2048, char(192 + bitShiftRight(${code}, 6), ${part(0)}), ` +
    `${code} < 65536, char(224 + bitShiftRight(${code}, 12), ${part(6)}, ${part(0)}), ` +
    `char(240 + bitShiftRight(${code}, 18), ${part(12)}, ${part(6)}, ${part(0)}))`
  )
})

const toHex = (bits: 32 | 64) =>
  strictly((_, x) => `if(${x} = 0, '0', replaceRegexpOne(lower(hex(toUInt${bits}(${x}))), '^0+', ''))`)

function encode(call: SpellingCall): string {
  switch (constantText(call, 1, "the format").toLowerCase()) {
    case "hex":
      return `lower(hex(${call.args[0]}))`
    case "base64":
      return `replaceRegexpAll(base64Encode(${call.args[0]}), '(.{76})(.)', '\\\\1\\n\\\\2')`
    default:
      throw new NoSpelling("ClickHouse knows the formats hex and base64")
  }
}

function decode(call: SpellingCall): string {
  const text = `replaceRegexpAll(${call.args[0]}, '[ \\t\\n\\r]+', '')`
  switch (constantText(call, 1, "the format").toLowerCase()) {
    case "hex":
      return `unhex(${text})`
    case "base64":
      return `tryBase64Decode(${text})`
    default:
      throw new NoSpelling("ClickHouse knows the formats hex and base64")
  }
}

function like(expected: boolean, ignoreCase: boolean, hasMark: boolean): ClickHouseSpelling {
  return spelled((call) => {
    if (call.literals[1] === null) return "CAST(NULL, 'Nullable(UInt8)')"
    const pattern = constantText(call, 1, "the pattern")
    const mark = hasMark ? constantText(call, 2, "the escape character") : "\\"
    const source = likeSource(ignoreCase ? lowerText(pattern) : pattern, ignoreCase ? lowerText(mark) : mark)
    if (source === null) throw new NoSpelling("the pattern ends with its escape character")
    const text = ignoreCase ? caseSql(call.names, call.args[0]!, "lower") : call.args[0]!
    return `(match(${text}, ${textLiteral(source)}) = ${expected ? 1 : 0})`
  })
}

function matching(expected: boolean, ignoreCase: boolean): ClickHouseSpelling {
  return spelled((call) => {
    if (call.literals[1] === null) return "CAST(NULL, 'Nullable(UInt8)')"
    const source = regexSource(constantText(call, 1, "the pattern"), ignoreCase)
    if (source === null) throw new NoSpelling("RE2 has no such class of characters")
    return `(match(${call.args[0]}, ${textLiteral(source)}) = ${expected ? 1 : 0})`
  })
}

const concat = spelled(({ names, args, types }) => {
  const parts = args.map((arg, i) => `ifNull(${outputSql(names, arg, types[i]!)}, '')`)
  return `concat(${parts.join(", ")}, '')`
})

const concatWithSeparator = spelled(({ names, args, types }) => {
  const parts = args
    .slice(1)
    .map((arg, i) => `CAST(${outputSql(names, arg, types[i + 1]!)}, 'Nullable(String)')`)
  const present = `arrayMap(x -> assumeNotNull(x), arrayFilter(x -> isNotNull(x), [${parts.join(", ")}]))`
  // arrayStringConcat takes a constant separator only.
  return names.strict([args[0]!], (separator) => {
    return names.bind([present], (list) => {
      const step = `(a, x) -> concat(a, assumeNotNull(${separator}), x)`
      const joined = `arrayFold(${step}, arraySlice(${list}, 2), assumeNotNull(${list}[1]))`
      return `if(empty(${list}), '', ${joined})`
    })
  })
})

const LONGEST = "RE2 takes the first of several alternatives, PostgreSQL the longest"
const PATTERN = none("the pattern is made for each row; ClickHouse escapes otherwise")

export const textSpellings: Readonly<Record<string, ClickHouseSpelling>> = {
  "append(string,string)": template("concat($1, $2)"),
  "append(any,any)": template("concat($1, $2)"),
  "append(bytes,bytes)": template("concat($1, $2)"),
  "concat(any...)": concat,
  "concat_ws(string,any...)": concatWithSeparator,
  "like(string,string)": like(true, false, false),
  "not_like(string,string)": like(false, false, false),
  "ilike(string,string)": like(true, true, false),
  "not_ilike(string,string)": like(false, true, false),
  "like_escape(string,string)": PATTERN,
  "like_escape(string,string,string)": like(true, false, true),
  "not_like_escape(string,string,string)": like(false, false, true),
  "ilike_escape(string,string,string)": like(true, true, true),
  "not_ilike_escape(string,string,string)": like(false, true, true),
  "matches(string,string)": matching(true, false),
  "matches_nocase(string,string)": matching(true, true),
  "not_matches(string,string)": matching(false, false),
  "not_matches_nocase(string,string)": matching(false, true),
  "regexp_like(string,string)": matching(true, false),
  "regexp_replace(string,string,string)": none(LONGEST),
  "regexp_replace(string,string,string,string)": none(LONGEST),
  "length(string)": template("toInt32(lengthUTF8($1))"),
  "char_length(string)": template("toInt32(lengthUTF8($1))"),
  "character_length(string)": template("toInt32(lengthUTF8($1))"),
  "length(bytes)": template("toInt32(length($1))"),
  "octet_length(string)": template("toInt32(length($1))"),
  "octet_length(bytes)": template("toInt32(length($1))"),
  "bit_length(string)": template("toInt32(8 * length($1))"),
  "bit_length(bytes)": template("toInt32(8 * length($1))"),
  "begins(string,string)": template("startsWith($1, $2)"),
  "starts_with(string,string)": template("startsWith($1, $2)"),
  "lower(string)": spelled(({ names, args }) => caseSql(names, args[0]!, "lower")),
  "upper(string)": spelled(({ names, args }) => caseSql(names, args[0]!, "upper")),
  "initcap(string)": none("RE2 does not know which characters are alphabetic"),
  ...Object.fromEntries([...substring("substring"), ...substring("substr")]),
  "left(string,int32)": left,
  "right(string,int32)": right,
  ...Object.fromEntries(
    ["", ",string"].flatMap((more) => [
      [`btrim(string${more})`, trim(true, true)],
      [`ltrim(string${more})`, trim(true, false)],
      [`rtrim(string${more})`, trim(false, true)],
      [`lpad(string,int32${more})`, pad(true)],
      [`rpad(string,int32${more})`, pad(false)],
    ]),
  ),
  "replace(string,string,string)": strictly(
    (_, t, from, to) => `if(empty(${from}), ${t}, replaceAll(${t}, ${from}, ${to}))`,
  ),
  "strpos(string,string)": position,
  "position(string,string)": position,
  "split_part(string,string,int32)": splitPart,
  "reverse(string)": template("reverseUTF8($1)"),
  "repeat(string,int32)": strictly(
    (_, t, count) => `repeat(${t}, least(greatest(${int64(count)}, 0), ${MAX_REPEATS}))`,
  ),
  "translate(string,string,string)": translate,
  "overlay(string,string,int32)": overlay,
  "overlay(string,string,int32,int32)": overlay,
  "ascii(string)": ascii,
  "chr(int32)": chr,
  "md5(string)": template("lower(hex(MD5($1)))"),
  "md5(bytes)": template("lower(hex(MD5($1)))"),
  "to_hex(int32)": toHex(32),
  "to_hex(int64)": toHex(64),
  "encode(bytes,string)": spelled(encode),
  "decode(string,string)": spelled(decode),
}
