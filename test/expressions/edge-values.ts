/** Values at the edges of every type, and those that functions of a name care about. */
import type { Interval, LogicalType, Scalar } from "../../src/columns/types.ts"
import {
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  FLOAT64,
  INT32,
  INT64,
  INTERVAL,
  JSON_TEXT,
  STRING,
  TIMESTAMP,
} from "../../src/columns/types.ts"
import { parseAs } from "../../src/expr/parse-literal.ts"
import { takeFailure } from "../../src/expr/values/failure-register.ts"

const MAX_64 = 2n ** 63n - 1n
const MIN_64 = -(2n ** 63n)

const bytes = (...values: number[]) => Uint8Array.from(values)
const span = (months: number, days: number, micros: bigint): Interval => ({ months, days, micros })

/** Reads texts by the type's own syntax. */
export function parsed(type: LogicalType, ...texts: string[]): Scalar[] {
  return texts.map((text) => {
    const value = parseAs(text, type)
    const failure = takeFailure()
    if (failure !== "none") throw new Error(`${text} is no ${type.kind}: ${failure}`)
    return value
  })
}

const times = [
  "1970-01-01",
  "1969-12-31 23:59:59.999999",
  "1970-01-01 00:00:00.000001",
  "2000-01-01",
  "2024-02-29 12:34:56.789012",
  "2023-03-31 23:59:59.5",
  "2020-12-31 23:59:60",
  "2021-01-03 08:00",
  "1900-02-28 01:02:03",
  "9999-12-31 23:59:59.999999",
  "0001-01-01",
  "0001-01-01 BC",
  "0044-03-15 12:00 BC",
  "4714-11-24 BC",
  "4713-01-01 BC",
  "294246-12-31 23:59:59.999999",
]

const decimals: readonly [LogicalType, readonly bigint[]][] = [
  [decimal(10, 2), [0n, 1n, -1n, 50n, -50n, 149n, 150n, -250n, 1005n, 9_999_999_999n, -9_999_999_999n]],
  [decimal(4, 3), [0n, 1n, 500n, -500n, 1500n, 2500n, -2500n, 9999n, -9999n]],
  [decimal(18, 0), [0n, 1n, -7n, 3n, 999_999_999_999_999_999n, -999_999_999_999_999_999n]],
  [decimal(38, 16), [0n, 1n, -1n, 5n * 10n ** 15n, 3_333_333_333_333_333n, 10n ** 38n - 1n, 1n - 10n ** 38n]],
  [decimal(38, 0), [0n, 2n, -3n, 10n ** 38n - 1n]],
]

export interface Pool {
  readonly type: LogicalType
  readonly values: readonly Scalar[]
}

const POOLS: Readonly<Record<string, readonly Pool[]>> = {
  boolean: [{ type: BOOLEAN, values: [true, false, null] }],
  int32: [
    {
      type: INT32,
      values: [0, 1, -1, 2, 3, -3, 7, 10, -10, 31, 32, 100, 46341, 2_147_483_647, -2_147_483_648, null],
    },
  ],
  int64: [
    {
      type: INT64,
      values: [
        0n,
        1n,
        -1n,
        7n,
        -10n,
        100n,
        2n ** 31n,
        -(2n ** 31n) - 1n,
        3_037_000_500n,
        MAX_64,
        MIN_64,
        MIN_64 + 1n,
        null,
      ],
    },
  ],
  float64: [
    {
      type: FLOAT64,
      values: [
        ...[
          0,
          -0,
          1,
          -1,
          0.5,
          -0.5,
          1.5,
          2.5,
          -2.5,
          0.1,
          1 / 3,
          100,
          123456.789,
          1e14,
          1e15,
          1e16,
          1e300,
          -1e300,
        ],
        ...[
          4503599627370497, 9007199254740994, 2147483647.4, 2147483647.5, -2147483648.5, 9.223372036854775e18,
        ],
        ...[
          9.3e18, -9.223372036854776e18, 5e-324, 2.2250738585072014e-308, 1e-5, 0.0001, 1e22,
          1.7976931348623157e308,
        ],
        ...[709.7, 710, -745, -746, Number.NaN, Infinity, -Infinity, null],
      ],
    },
  ],
  decimal: decimals.map(([type, values]) => ({ type, values: [...values, null] })),
  string: [
    {
      type: STRING,
      values: [
        ...[
          "",
          " ",
          "a",
          "abc",
          "ABC",
          "aBc def-GHI 1st",
          "  pad\t",
          "äöüÄß",
          "ǅİıſK",
          "日本語",
          "😀x😀",
          "a😀b",
        ],
        ...[
          "a%b_c\\d",
          "100%",
          "\\",
          "xyxyxx",
          "a,b,,c",
          ",",
          "Ω\u{10400}ᾳ",
          "\u{ffff}",
          "\u{e000}z",
          "x".repeat(40),
          null,
        ],
      ],
    },
  ],
  bytes: [
    {
      type: BYTES,
      values: [
        bytes(),
        bytes(0),
        bytes(255),
        bytes(1, 2, 3),
        bytes(0xde, 0xad, 0xbe, 0xef),
        bytes(...Array(60).fill(65)),
        bytes(92, 10, 127, 128),
        null,
      ],
    },
  ],
  json: [
    {
      type: JSON_TEXT,
      values: [
        ...[
          '{"a":1,"b":"x","a":{"c":[1,2]}}',
          ' { "a" : [ 1 , "2" , null , {"a":"}"} ] } ',
          "[]",
          "{}",
          "[1,[2,3],4]",
          "null",
        ],
        ...[
          '"str\\"ing"',
          "12.50",
          "true",
          '{"a":null,"b":"\\u00e4\\n","":"empty"}',
          '["a",{"b":{"c":"deep"}}]',
          null,
        ],
      ],
    },
  ],
  timestamp: [{ type: TIMESTAMP, values: [...parsed(TIMESTAMP, ...times), 2n ** 63n - 1n, null] }],
  date: [
    {
      type: DATE,
      values: [
        ...parsed(DATE, ...times.filter((text) => !text.startsWith("2020-12-31"))),
        ...parsed(DATE, "5874897-12-31"),
        null,
      ],
    },
  ],
  interval: [
    {
      type: INTERVAL,
      values: [
        ...[
          span(0, 0, 0n),
          span(1, 0, 0n),
          span(0, 1, 0n),
          span(0, 0, 1n),
          span(-1, 0, 0n),
          span(0, 30, 0n),
          span(0, 0, 86_400_000_000n),
        ],
        ...[
          span(14, -3, 3_661_000_001n),
          span(-25, 40, -90_000_000_000n),
          span(0, 0, -1n),
          span(12, 0, 0n),
          span(0, -45, 1n),
        ],
        ...[
          span(0, 0, 900_000_000n),
          span(2 ** 31 - 1, 0, 0n),
          span(0, -(2 ** 31), 0n),
          span(0, 0, MAX_64),
          span(0, 100, MIN_64 + 1n),
          null,
        ],
      ],
    },
  ],
}

export function poolsOf(kind: string): readonly Pool[] {
  return POOLS[kind] ?? []
}

/** Arguments by name of the function, where the type's edges say little: position -> values. */
const UNITS = [
  ...["microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter"],
  ...["year", "decade", "century", "millennium"],
]
/** No zone changes its clock by less than half an hour, or goes back over a midnight, in the years tried. */
const ZONES = ["UTC", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "australia/lord_howe", "Mars/Base"]
const FIELDS = [
  ...UNITS,
  "dow",
  "isodow",
  "doy",
  "isoyear",
  "epoch",
  "julian",
  "timezone",
  "timezone_hour",
  "eon",
]

export const SPECIAL: Readonly<Record<string, Readonly<Record<number, readonly Scalar[]>>>> = {
  like: {
    1: ["%", "a%", "%c", "%b%", "_", "a_c", "", "a\\%b\\_c\\\\d", "%\\", "_%_", "%😀%", "__", "ab", null],
  },
  ilike: { 1: ["%", "A%", "%C", "%B%", "ÄÖ%", "a_C", "k", null] },
  like_escape: { 1: ["a!%b%", "!", "%!", "a%", null], 2: ["!", "", "\\", "ab", null] },
  matches: {
    1: [
      "a",
      "^a",
      "c$",
      "^abc$",
      "[a-c]+",
      "\\d+%",
      "x+|y",
      "(ab)?c",
      "",
      "[[:alpha:]]",
      "\\w\\s\\w",
      "a{2,3}",
      "[^a]",
      ".",
      "😀",
      null,
    ],
  },
  matches_nocase: { 1: ["A", "^aBC$", "[A-C]+", "äö", "k", "ſ", "i", null] },
  regexp_replace: {
    1: ["a", "x*", "(x)(y)", "[a-c]+", "xy|xyx", "(xy)+", "\\s", "$", "^", "b|", "(a|ab)(c|bcd)", "[", null],
    2: ["", "-", "<\\&>", "\\2\\1", "\\\\", "\\x", null],
    3: ["", "g", "i", "gi", "z", null],
  },
  date_trunc: { 0: [...UNITS, "MINS", "eon"], 2: ZONES },
  local_time: { 0: ZONES },
  instant: { 0: ZONES },
  date_part: { 0: FIELDS },
  extract: { 0: FIELDS },
  make_date: { 0: [2024, 1, -44, 0, 5874897, 5874898, -4714], 1: [1, 2, 12, 13, 0], 2: [1, 29, 30, 31, 0] },
  make_timestamp: {
    0: [2024, -1, 0],
    1: [2, 13],
    2: [29, 30],
    3: [0, 23, 24, -1],
    4: [0, 59, 60],
    5: [0, 59.9999996, 60, 60.1, -1, Number.NaN],
  },
  to_timestamp: {
    0: [0, -0.5, 1e9 + 0.123456789, 9e12, 1e13, -2.1e11, -2.2e11, Number.NaN, Infinity, 1e300],
  },
  encode: { 1: ["hex", "base64", "escape", "HEX", "rot13"] },
  decode: {
    0: [
      "",
      "00ff",
      "0",
      "zz",
      "aGVsbG8=",
      "aGVsbG8",
      "a b c d",
      "\\001x",
      "\\\\",
      "\\9",
      "ä",
      "====",
      "YQ==",
      "YWI=",
    ],
    1: ["hex", "base64", "escape", "HEX", "rot13"],
  },
  chr: { 0: [0, 1, 65, 228, 55_296, 57_344, 65_535, 128_512, 1_114_111, 1_114_112, -1] },
  repeat: { 1: [0, -1, 1, 3] },
  lpad: { 1: [0, -1, 1, 3, 7], 2: ["", "xy", "😀ä", null] },
  rpad: { 1: [0, -1, 1, 3, 7], 2: ["", "xy", "😀ä", null] },
  substring: { 1: [-1, 0, 1, 2, 3, 100, -2_147_483_648, 2_147_483_647], 2: [-1, 0, 1, 2, 2_147_483_647] },
  substr: { 1: [-1, 0, 1, 2, 3, 100], 2: [-1, 0, 1, 2, 2_147_483_647] },
  overlay: { 1: ["", "XY"], 2: [-1, 0, 1, 2, 100, 2_147_483_647], 3: [-1, 0, 1, 2, 2_147_483_647] },
  left: { 1: [0, 1, 2, -1, -2, 100, -2_147_483_648] },
  right: { 1: [0, 1, 2, -1, -2, 100, -2_147_483_648] },
  split_part: { 1: [",", "", "xy", "b"], 2: [1, 2, -1, -2, 0, 9, -9] },
  translate: { 1: ["abc", "", "aab"], 2: ["xyz", "", "x", "😀"] },
  position: { 1: ["", "a", "b", "c", "😀", "xx", "zz"] },
  strpos: { 1: ["", "a", "b", "c", "😀", "xx", "zz"] },
  replace: { 1: ["", "a", "xy", "x", "😀"], 2: ["", "Q", "xyz"] },
  starts_with: { 1: ["", "a", "ab", "😀", "xyxyxxy"] },
  json_get: { 1: ["a", "b", "c", "", "0"] },
  json_text: { 1: ["a", "b", "c", "", "0"] },
  json_path: {
    1: ["{}", "{a}", "{a,c,1}", "{1}", "{1,b,c}", '{"a",-1}', "{null}", "{a", "a", '{""}', "{ a , 0 }"],
  },
  json_path_text: { 1: ["{}", "{a}", "{a,c,1}", "{1}", "{1,b,c}", '{"a",-1}', "{null}", "{,}", "{b}"] },
  json_extract_path: { 1: ["a", "1", "-1"], 2: ["c", "0"] },
  json_extract_path_text: { 1: ["a", "1", "b"], 2: ["c", "0"] },
  power: {
    0: [2, -2, 0, 1, -1, 0.5, 1e200, Number.NaN, Infinity, -Infinity],
    1: [0, 1, -1, 0.5, 2, 3, -3, 400, NaN, Infinity, -Infinity],
  },
}
