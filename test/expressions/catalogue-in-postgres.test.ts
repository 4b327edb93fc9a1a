/**
 * The catalogue against PostgreSQL's own tables: every overload we list exists there with that result type,
 * and for every name and every choice of argument types the same overload is chosen, or both refuse.
 */
import assert from "node:assert/strict"
import { after, test } from "node:test"
import type { LogicalType } from "../../src/columns/types.ts"
import { decimal } from "../../src/columns/types.ts"
import { CATALOGUE } from "../../src/expr/catalogue/catalogue.ts"
import type { ArgumentType, CatalogueEntry } from "../../src/expr/catalogue/entry.ts"
import { OTHER_SYSTEMS, REFUSED_NAMES } from "../../src/expr/catalogue/refused.ts"
import { resolveFunction, resolveOperator } from "../../src/expr/resolve.ts"
import { ExpressionOracle } from "./expression-oracle.ts"

const oracle = await ExpressionOracle.open()
after(() => oracle[Symbol.asyncDispose]())

const PG_TYPE: Readonly<Record<string, string>> = {
  boolean: "bool",
  int32: "int4",
  int64: "int8",
  float64: "float8",
  decimal: "numeric",
  string: "text",
  bytes: "bytea",
  json: "json",
  timestamp: "timestamptz",
  date: "date",
  interval: "interval",
}

/** Not functions or operators in PostgreSQL's tables, but syntax; or with other parameters there. */
const SYNTAX = new Set(
  [
    "is distinct from",
    "is not distinct from",
    "in",
    "not in",
    "between",
    "not between",
    "not",
    "greatest",
    "least",
    "nullif",
    "at time zone",
    "local at time zone",
  ]
    .concat(["null", "true", "false", "unknown"].flatMap((state) => [`is ${state}`, `is not ${state}`]))
    .concat(["like escape", "not like escape", "ilike escape", "not ilike escape"]),
)
/** PostgreSQL's counterpart takes or gives another type that is one of ours in disguise. */
const DISGUISED: Readonly<Record<string, string>> = {
  "add(date,interval)": "timestamp without time zone",
  "add(interval,date)": "timestamp without time zone",
  "subtract(date,interval)": "timestamp without time zone",
  "make_timestamp(int32,int32,int32,int32,int32,float64)": "timestamp without time zone",
  "json_path(json,string)": "path as text[]",
  "json_path_text(json,string)": "path as text[]",
  "json_extract_path(json,string...)": "variadic text[]",
  "json_extract_path_text(json,string...)": "variadic text[]",
  "append(any,any)": "anynonarray",
  "concat(any...)": "variadic any",
  "concat_ws(string,any...)": "variadic any",
}
const OPERATOR: Readonly<Record<string, string>> = {
  like: "~~",
  "not like": "!~~",
  ilike: "~~*",
  "not ilike": "!~~*",
}

test("every overload is in pg_proc or pg_operator with its result type", async () => {
  const functions = await oracle.rows<{ s: string }>(
    `select p.proname || '(' || array_to_string(array(
         select typname from unnest(p.proargtypes) with ordinality a(t, n)
       join pg_type on pg_type.oid = a.t order by n), ',') || ') -> ' || r.typname as s
     from pg_proc p join pg_type r on r.oid = p.prorettype where p.pronamespace = 'pg_catalog'::regnamespace`,
  )
  const operators = await oracle.rows<{ s: string }>(
    `select o.oprname || '(' || coalesce(l.typname || ',', '') || r.typname || ') -> ' || t.typname as s
     from pg_operator o left join pg_type l on l.oid = o.oprleft join pg_type r on r.oid = o.oprright
     join pg_type t on t.oid = o.oprresult`,
  )
  const known = new Set([...functions, ...operators].map((row) => row.s))
  const missing = CATALOGUE.filter((entry) => !SYNTAX.has(entry.name) && !(entry.signature in DISGUISED))
    .map(
      (entry) =>
        `${OPERATOR[entry.name] ?? entry.name}(${entry.parameters.map(pgType)}) -> ${pgType(entry.result)}`,
    )
    .filter((text) => !known.has(text))
  assert.deepEqual(missing, [])
  for (const signature of Object.keys(DISGUISED)) {
    assert.ok(
      CATALOGUE.some((entry) => entry.signature === signature),
      `${signature} is in the catalogue`,
    )
  }
})

function pgType(kind: string): string {
  return PG_TYPE[kind] ?? kind
}

const TYPES: readonly ArgumentType[] = [
  ...(
    [
      "boolean",
      "int32",
      "int64",
      "float64",
      "string",
      "bytes",
      "json",
      "timestamp",
      "date",
      "interval",
    ] as const
  ).map((kind): LogicalType => ({ kind })),
  decimal(10, 2),
  "unknown",
]

interface Choice {
  readonly entry: CatalogueEntry
  readonly args: readonly ArgumentType[]
}

test("the same overload is chosen as PostgreSQL chooses, or both refuse", async () => {
  const names = new Map(
    CATALOGUE.map((entry) => [`${entry.kind} ${entry.name} ${entry.parameters.length}`, entry]),
  )
  // AT TIME ZONE is chosen by what stands before it, and has the zone behind.
  const chosen = ({ name, parameters }: CatalogueEntry) =>
    parameters.length <= 2 && !/at time zone$/.test(name)
  const choices = [...names.values()].filter(chosen).flatMap(choicesOf)
  const answers = await oracle.answers(choices.map((choice) => `pg_typeof(${spell(choice)})`))
  const wrong = choices.flatMap((choice, index) => {
    const answer = answers[index]!
    const theirs = "sqlState" in answer ? "refused" : typeName(answer.text ?? "")
    const ours = resolutionOf(choice)
    return theirs === ours || isIntended(choice, ours, theirs)
      ? []
      : [`${choice.entry.name}(${choice.args.map(argName)}): ours ${ours}, PostgreSQL ${theirs}`]
  })
  assert.deepEqual(wrong.slice(0, 60), [], `${wrong.length} of ${choices.length} differ`)
})

function choicesOf(entry: CatalogueEntry): Choice[] {
  const count = entry.parameters.length
  const lists = Array.from({ length: count }, () => TYPES)
  const rows = lists.reduce<ArgumentType[][]>(
    (all, list) => all.flatMap((row) => list.map((type) => [...row, type])),
    [[]],
  )
  return rows.map((args) => ({ entry, args }))
}

function argName(arg: ArgumentType): string {
  return arg === "unknown" ? arg : arg.kind
}

function spell({ entry, args }: Choice): string {
  const values = args.map((arg) => (arg === "unknown" ? "NULL" : `NULL::${PG_TYPE[arg.kind]}`))
  const [a = "", b = ""] = values
  if (entry.kind === "function") {
    const plain = SYNTAX.has(entry.name) || entry.variadic
    return `${plain ? entry.name : `pg_catalog."${entry.name}"`}(${values})`
  }
  if (entry.name === "in" || entry.name === "not in") return `(${a} ${entry.name} (${b}))`
  if (values.length === 2) return `(${a} ${entry.name} ${b})`
  return entry.name.startsWith("is ") ? `(${a} ${entry.name})` : `(${entry.name} ${a})`
}

const NAMES: Readonly<Record<string, string>> = {
  "timestamp with time zone": "timestamp",
  "timestamp without time zone": "timestamp",
  "double precision": "float64",
  integer: "int32",
  bigint: "int64",
  numeric: "decimal",
  text: "string",
  bytea: "bytes",
}

const typeName = (text: string) => NAMES[text] ?? text

function resolutionOf({ entry, args }: Choice): string {
  const literals = args.map((arg) => (arg === "unknown" ? null : undefined))
  const resolve = entry.kind === "function" ? resolveFunction : resolveOperator
  const resolution = resolve(entry.name, args, literals)
  return resolution.ok ? resolution.type.kind : "refused"
}

/** What PostgreSQL takes and we refuse on purpose: name -> a kind among the arguments. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries("^ power pow exp ln log log10 gcd lcm".split(" ").map((name) => [name, ["decimal"]])),
  ...Object.fromEntries("btrim ltrim rtrim reverse like_escape".split(" ").map((name) => [name, ["bytes"]])),
  like: ["bytes"],
  "not like": ["bytes"],
  position: ["bytes"],
  substring: ["string", "unknown"],
  date: ["string"],
  "is distinct from": ["json"],
  "is not distinct from": ["json"],
  // jsonb - text, which is where PostgreSQL takes two untyped sides.
  "-": ["unknown"],
}
/** PostgreSQL finds more candidates, of types that are none of ours (macaddr, jsonb); arguments `unknown`. */
const AMBIGUOUS_THERE = new Set(["trunc", "->", "->>", "#>", "#>>"])
/** Paths are text here and text[] there. */
const PATHS = new Set(["#>", "#>>"])

function isIntended({ entry, args }: Choice, ours: string, theirs: string): boolean {
  const kinds = args.map(argName)
  if (ours === "refused") return REFUSED[entry.name]?.some((kind) => kinds.includes(kind)) ?? false
  if (theirs !== "refused") return false
  return PATHS.has(entry.name) || (AMBIGUOUS_THERE.has(entry.name) && kinds.includes("unknown"))
}

test("refused names are known to PostgreSQL, to its extensions, or to other systems alone", async () => {
  const rows = await oracle.rows<{ name: string }>("select distinct proname as name from pg_proc")
  const known = new Set(rows.map((row) => row.name))
  const keywords = new Set([
    "current_timestamp",
    "current_date",
    "current_time",
    "localtime",
    "localtimestamp",
  ])
  const extensions = new Set(["uuid", "uuid_generate_v4"])
  const others = new Set(OTHER_SYSTEMS.map(([name]) => name))
  for (const name of REFUSED_NAMES.keys()) {
    const isKnown = known.has(name) || keywords.has(name) || extensions.has(name)
    assert.ok(isKnown || others.has(name), name)
    const resolution = resolveFunction(name, [])
    assert.ok(!resolution.ok && resolution.note !== undefined, name)
  }
})
