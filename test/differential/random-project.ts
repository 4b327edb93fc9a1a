/**
 * Random projects for the differential test: events with rows, and views over them and over each other,
 * within the SQL that views speak. Expressions are made so that PostgreSQL can evaluate them on every row:
 * numbers stay small, divisors are guarded. The seed decides everything.
 */
import { SeededRandom } from "../../src/std/random.ts"
import type { Kind } from "./project-makers.ts"
import { KINDS, MAKERS } from "./project-makers.ts"

export type { Kind } from "./project-makers.ts"

interface Field {
  readonly name: string
  readonly kind: Kind
}

export interface RandomView {
  readonly name: string
  readonly sql: string
  readonly final: boolean
  readonly columns: readonly Field[]
}

export interface RandomProject {
  readonly seed: number
  /** Lines of golden cases (test/golden/case-file.ts), so that a failure can be kept as one. */
  readonly text: string
  /** Which constructs occur, for the report of what was covered. */
  readonly features: ReadonlySet<string>
}

const EVENT_FIELDS: readonly Field[] = [
  { name: "id", kind: "int64" },
  { name: "at", kind: "timestamp" },
  { name: "s", kind: "string" },
  { name: "t", kind: "string" },
  { name: "i", kind: "int32" },
  { name: "j", kind: "int32" },
  { name: "l", kind: "int64" },
  { name: "d", kind: "decimal" },
  { name: "f", kind: "float64" },
  { name: "b", kind: "boolean" },
]
const DECLARED: Readonly<Record<Kind, string>> = {
  int32: "int32",
  int64: "int64",
  decimal: "decimal(10,2)",
  float64: "float64",
  string: "string",
  boolean: "boolean",
  timestamp: "timestamp",
}
const WORDS = ["", "a", "b", "ab", "Abc", "a_b", "%", "zebra", "Ünï", "😀"]
const START_MS = Date.UTC(2026, 1, 27, 23, 58)
const MAX_ROWS = 60
const LITERAL = /^(TRUE|FALSE|'[^']*'|\(-?\d+\)|CAST\(-?[\d.]+ AS [^)]*\)?\)|TIMESTAMP '[^']*')$/

export function randomProject(seed: number): RandomProject {
  return new ProjectMaker(seed).make()
}

interface KeyField extends Field {
  readonly sql: string
}

class ProjectMaker {
  readonly #seed: number
  readonly #random: SeededRandom
  readonly #features = new Set<string>()

  constructor(seed: number) {
    this.#seed = seed
    this.#random = new SeededRandom(seed)
  }

  make(): RandomProject {
    const lines = [`# Random project, seed ${this.#seed}`]
    const declared = EVENT_FIELDS.map(({ name, kind }, index) => {
      return `${name} ${DECLARED[kind]}${index > 1 ? " null" : ""}`
    })
    lines.push(`event e (${declared.join(", ")})`)
    const views: RandomView[] = []
    const count = 1 + this.#random.below(3)
    for (let index = 0; index < count; index++) views.push(this.#view(`v${index}`, views))
    for (const { name, sql, final } of views) {
      lines.push(`view ${name} (${final ? "emit final, " : ""}unbounded)`, sql)
    }
    lines.push("rows e", ...this.#rows())
    return { seed: this.#seed, text: `${lines.join("\n")}\n`, features: this.#features }
  }

  #view(name: string, earlier: readonly RandomView[]): RandomView {
    const readable = earlier.filter(({ final }) => !final)
    const lower = readable.length > 0 && this.#chance(0.6) ? this.#pick(readable) : null
    if (lower !== null) this.#feature("view over view")
    const source =
      lower === null ? { from: "e", columns: EVENT_FIELDS } : { from: lower.name, columns: lower.columns }
    const form = this.#random.below(6)
    if (form === 0) return { name, final: false, ...this.#union(source) }
    if (form === 1) return { name, final: false, ...this.#select(source, "") }
    if (form <= 3 && lower === null) return this.#windowed(name, source)
    if (form === 4) return { name, final: false, ...this.#nested(source) }
    return { name, final: false, ...this.#grouped(source, source.from) }
  }

  #select(source: Source, alias: string): Query {
    this.#feature("select")
    const columns = Array.from({ length: 1 + this.#random.below(4) }, (_, index) => {
      const kind = this.#pick(KINDS)
      return { name: `c${alias}${index}`, kind, sql: this.#expression(kind, source.columns, 3) }
    })
    const list = columns.map(({ name, sql }) => `${sql} AS ${name}`).join(", ")
    return { sql: `SELECT ${list} FROM ${source.from}${this.#where(source)}`, columns }
  }

  #grouped(source: Source, from: string, windows: readonly KeyField[] = [], isSession = false): Query {
    this.#feature("group by")
    const keys = Array.from({ length: this.#random.below(3) }, (_, index) => {
      const kind = this.#pick(KEY_KINDS)
      return { name: `k${index}`, kind, sql: this.#groupKey(kind, source.columns) }
    })
    const aggregates = Array.from({ length: 1 + this.#random.below(4) }, (_, index) => {
      return { name: `a${index}`, ...this.#aggregate(source.columns) }
    })
    const selected = [...windows, ...keys, ...aggregates]
    const list = selected.map(({ name, sql }) => (name === sql ? sql : `${sql} AS ${name}`)).join(", ")
    const groups = [...windows, ...keys].map(({ sql }) => sql)
    const groupBy = groups.length === 0 ? "" : ` GROUP BY ${groups.join(", ")}`
    const having = this.#chance(0.3) ? ` HAVING ${this.#having(source.columns)}` : ""
    const where = isSession ? "" : this.#where(source)
    return { sql: `SELECT ${list} FROM ${from}${where}${groupBy}${having}`, columns: selected }
  }

  /** PostgreSQL takes a bare constant in GROUP BY for a position, or refuses it, as some aggregates do. */
  #groupKey(kind: Kind, columns: readonly Field[]): string {
    const sql = this.#expression(kind, columns, 2)
    return LITERAL.test(sql) ? `COALESCE(${sql}, ${sql})` : sql
  }

  #windowed(name: string, source: Source): RandomView {
    const kind = this.#pick(["tumble", "tumble", "hop", "hop", "cumulate", "session"])
    this.#feature(kind)
    const final = this.#chance(0.4)
    if (final) this.#feature("emit final")
    const bounds = [["window_end"], ["window_start", "window_end"], ["window_start"]]
    const keys = this.#pick(kind === "cumulate" ? bounds.slice(0, 2) : bounds)
    const windows = keys.map((key): KeyField => ({ name: key, kind: "timestamp", sql: key }))
    if (kind !== "session")
      return { name, final, ...this.#grouped(source, this.#call(kind, source), windows) }
    const apart = source.columns.filter((column) => KEY_KINDS.includes(column.kind) && this.#chance(0.25))
    const fields = apart.map((field, k): KeyField => ({ name: `w${k}`, kind: field.kind, sql: field.name }))
    const gap = this.#pick(["1 second", "5 seconds", "20 seconds"])
    const list = apart.map((field) => `, ${field.name}`).join("")
    const call = `session(${source.from}, at, INTERVAL '${gap}'${list})`
    return { name, final, ...this.#grouped(source, call, [...windows, ...fields], true) }
  }

  #call(kind: string, { from }: Source): string {
    const offset = this.#chance(0.3)
      ? `, INTERVAL '${this.#pick(["3 seconds", "-7 seconds", "1 hour"])}'`
      : ""
    if (offset !== "") this.#feature("offset")
    if (kind === "tumble") {
      const size = this.#pick(["10 seconds", "1 minute", "90 seconds"])
      return `tumble(${from}, at, INTERVAL '${size}'${offset})`
    }
    return `${kind}(${from}, at, INTERVAL '10 seconds', INTERVAL '30 seconds'${offset})`
  }

  #nested(source: Source): Query {
    this.#feature("cte")
    const inner = this.#chance(0.5) ? this.#select(source, "i") : this.#grouped(source, source.from)
    const outer = { from: "inside", columns: inner.columns }
    const query = this.#chance(0.5) ? this.#select(outer, "o") : this.#grouped(outer, "inside")
    return { sql: `WITH inside AS (${inner.sql}) ${query.sql}`, columns: query.columns }
  }

  #union(source: Source): Query {
    this.#feature("union all")
    const first = this.#select(source, "")
    const others = Array.from({ length: 1 + this.#random.below(2) }, () => {
      const list = first.columns.map(({ kind }) => this.#expression(kind, source.columns, 2)).join(", ")
      return `SELECT ${list} FROM ${source.from}${this.#where(source)}`
    })
    return { sql: [first.sql, ...others].join(" UNION ALL "), columns: first.columns }
  }

  #where({ columns }: Source): string {
    return this.#chance(0.5) ? ` WHERE ${this.#expression("boolean", columns, 3)}` : ""
  }

  #having(columns: readonly Field[]): string {
    this.#feature("having")
    return this.#pick([
      "count(*) > 1",
      "count(*) < 4",
      `min(${this.#expression("int32", columns, 1)}) > -5`,
      `max(${this.#expression("string", columns, 1)}) IS NOT NULL`,
    ])
  }

  #aggregate(columns: readonly Field[]): { kind: Kind; sql: string } {
    const distinct = this.#chance(0.25) ? "DISTINCT " : ""
    if (this.#chance(0.3)) return this.#ordered(columns)
    const name = this.#pick(["count(*)", "count", "sum", "avg", "min", "max"])
    this.#feature(`${name}${distinct}`)
    const filter = this.#filter(columns)
    if (name === "count(*)") return { kind: "int64", sql: `count(*)${filter}` }
    if (name === "count") {
      const counted = this.#expression(this.#pick(KEY_KINDS), columns, 2)
      return { kind: "int64", sql: `count(${distinct}${counted})${filter}` }
    }
    if (name === "min" || name === "max") {
      const kind = this.#pick(ORDERED_KINDS)
      return { kind, sql: `${name}(${this.#expression(kind, columns, 2)})${filter}` }
    }
    const kind = this.#pick(SUMMED_KINDS)
    const argument = this.#expression(kind, columns, 2)
    if (kind === "float64") return { kind: "float64", sql: `${name}(${argument})${filter}` }
    // Cast down so that the next layer knows its type; the sums stay small.
    return name === "sum"
      ? { kind: "int64", sql: `CAST(sum(${distinct}${argument})${filter} AS bigint)` }
      : { kind: "decimal", sql: `CAST(avg(${distinct}${argument})${filter} AS numeric(10,2))` }
  }

  /** Lists, percentiles, modes, variances and truth; rows that are equal in their order are equal. */
  #ordered(columns: readonly Field[]): { kind: Kind; sql: string } {
    const name = this.#pick(["string_agg", "percentile_disc", "mode", "first", "last", "var_pop", "bool_or"])
    this.#feature(name)
    const filter = this.#filter(columns)
    const direction = this.#pick(["", " DESC", " NULLS FIRST"])
    if (name === "string_agg") {
      const distinct = this.#chance(0.3) ? "DISTINCT " : ""
      const text = this.#groupKey("string", columns)
      const list = `string_agg(${distinct}${text}, ',' ORDER BY ${text}${direction})${filter}`
      return { kind: "string", sql: `left(${list}, 40)` }
    }
    if (name === "bool_or") {
      return { kind: "boolean", sql: `bool_or(${this.#expression("boolean", columns, 2)})${filter}` }
    }
    if (name === "var_pop") {
      const spread = `var_pop(${this.#expression("int32", columns, 1)} % 1000)${filter}`
      return { kind: "decimal", sql: `CAST(${spread} AS numeric(10,2))` }
    }
    const kind = this.#pick(ORDERED_KINDS)
    const value = this.#groupKey(kind, columns)
    if (name === "first" || name === "last") {
      return { kind, sql: `${name}(${value} ORDER BY ${value}${this.#pick(["", " DESC"])})${filter}` }
    }
    const fraction = name === "mode" ? "" : this.#pick(["0", "0.25", "0.5", "1"])
    return { kind, sql: `${name}(${fraction}) WITHIN GROUP (ORDER BY ${value}${direction})${filter}` }
  }

  #filter(columns: readonly Field[]): string {
    if (!this.#chance(0.3)) return ""
    this.#feature("filter")
    return ` FILTER (WHERE ${this.#expression("boolean", columns, 2)})`
  }

  #expression(kind: Kind, columns: readonly Field[], depth: number): string {
    const own = columns.filter((column) => column.kind === kind).map(({ name }) => name)
    if (depth === 0 || this.#chance(0.35)) {
      return own.length > 0 && this.#chance(0.85) ? this.#pick(own) : this.#literal(kind)
    }
    const make = this.#pick(MAKERS[kind])
    return make((inner) => this.#expression(inner, columns, depth - 1), this.#random)
  }

  #literal(kind: Kind): string {
    const number = this.#random.below(21) - 10
    switch (kind) {
      case "int32":
        return `(${number})`
      case "int64":
        return `CAST(${number} AS bigint)`
      case "decimal":
        return `CAST(${number}.${this.#random.below(90) + 10} AS numeric(10,2))`
      case "float64":
        return `CAST(${number}.5 AS double precision)`
      case "string":
        return `'${this.#pick(WORDS)}'`
      case "boolean":
        return this.#chance(0.5) ? "TRUE" : "FALSE"
      case "timestamp":
        return `TIMESTAMP '2026-02-28 00:0${this.#random.below(10)}:00'`
    }
  }

  #rows(): string[] {
    const count = this.#random.below(MAX_ROWS)
    return Array.from({ length: count }, (_, id) => JSON.stringify(this.#row(id)))
  }

  #row(id: number): Record<string, unknown> {
    const row: Record<string, unknown> = {
      id,
      at: new Date(START_MS + this.#random.below(240) * 1000).toISOString(),
    }
    for (const { name, kind } of EVENT_FIELDS.slice(2)) if (!this.#chance(0.2)) row[name] = this.#value(kind)
    return row
  }

  #value(kind: Kind): unknown {
    const number = this.#random.below(21) - 10
    if (kind === "string") return this.#pick(WORDS)
    if (kind === "boolean") return this.#chance(0.5)
    if (kind === "decimal") return `${number}.${this.#random.below(90) + 10}`
    if (kind === "float64") return this.#pick([0, -0, 0.5, 1.25, -3.75, number * 1.5, number / 8])
    return number
  }

  #feature(name: string): void {
    this.#features.add(name)
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)]!
  }

  #chance(probability: number): boolean {
    return this.#random.float() < probability
  }
}

interface Source {
  readonly from: string
  readonly columns: readonly Field[]
}

interface Query {
  readonly sql: string
  readonly columns: readonly Field[]
}

const KEY_KINDS: readonly Kind[] = ["int32", "int64", "string", "boolean", "decimal", "timestamp", "float64"]
const ORDERED_KINDS: readonly Kind[] = ["int32", "int64", "string", "decimal", "timestamp", "float64"]
const SUMMED_KINDS: readonly Kind[] = ["int32", "int64", "decimal", "float64"]
