/**
 * What the forms of queries are made of: where rows come from, expressions over their columns, SELECT lists,
 * conditions, orders. Every query is typed and can stand in the FROM of another one.
 */
import { SeededRandom } from "../../src/std/random.ts"
import type { Coverage, Operator, QueryOperator } from "./coverage.ts"
import type { Kind } from "./kinds.ts"
import { COMPARABLE, KINDS, randomLiteral } from "./kinds.ts"
import { MAKERS } from "./random-makers.ts"
import type { Part, Sql } from "./sql-text.ts"
import { either, list, optional, sql, withSimpler } from "./sql-text.ts"

/**
 * What a query's rows carry, so that state built on them can go.
 * time: the event time, as column `at`. window: the end of a minute, as column `window_end`. closing: the end
 * of any window.
 */
export type Flow = "any" | "time" | "window" | "closing"

export const FLOW_COLUMNS: Readonly<Record<Exclude<Flow, "any">, string>> = {
  time: "at",
  window: "window_end",
  closing: "window_end",
}

const CARRYING: ReadonlySet<string> = new Set(Object.values(FLOW_COLUMNS))

/** Sides of a join and branches of a union have the same windows. */
export const sameFlow = (flow: Flow): Flow => (flow === "closing" ? "window" : flow)

export interface Field {
  readonly name: string
  readonly kind: Kind
  /** How a query that reads it says it. */
  readonly ref: string
}

/** What stands in FROM. */
export interface Rows {
  readonly from: Sql
  readonly alias: string
  readonly fields: readonly Field[]
  readonly operator: Operator
  /** Terms that we promise behind an ORDER BY and PostgreSQL must be told; null: unknown. */
  readonly ties: readonly string[] | null
}

export interface Output {
  readonly name: string
  /** Null: of a type that nothing is built on. */
  readonly kind: Kind | null
  readonly expression: Part
}

export interface Query {
  readonly text: Sql
  readonly columns: readonly { readonly name: string; readonly kind: Kind | null }[]
  readonly operator: Operator
}

/** An event or a view that FROM can name. */
export interface Readable {
  readonly name: string
  readonly fields: readonly { readonly name: string; readonly kind: Kind }[]
  readonly flow: Flow
  readonly isEvent: boolean
}

interface MakerOptions {
  readonly coverage: Coverage
  readonly readable: readonly Readable[]
  readonly make: MakeQuery
  /** What the outermost operator is to read, where its rows can be of it. */
  readonly wish: QueryOperator | null
  /** Rows wait in joins for a declared time, not for one that follows from conditions. */
  readonly lived: boolean
}

export type MakeQuery = (maker: QueryMaker, depth: number, flow: Flow) => Query

/** More would let rows multiply beyond what a test has time for. */
const MAX_JOINS = 3

export class QueryMaker {
  readonly random: SeededRandom
  readonly coverage: Coverage
  readonly lived: boolean
  #joins = 0
  #names = 0
  #wish: QueryOperator | null
  readonly #readable: readonly Readable[]
  readonly #make: MakeQuery

  constructor(seed: number, { coverage, readable, make, wish, lived }: MakerOptions) {
    this.lived = lived
    this.random = new SeededRandom(seed)
    this.#wish = wish
    this.coverage = coverage
    this.#readable = readable
    this.#make = make
  }

  chance(probability: number): boolean {
    return this.random.float() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[this.random.below(items.length)]!
  }

  name(prefix: string): string {
    this.#names++
    return `${prefix}${this.#names}`
  }

  get wish(): QueryOperator | null {
    return this.#wish
  }

  /** The wish, if it is among these; only once. */
  takeWish(operators: readonly QueryOperator[]): QueryOperator | null {
    const wish = this.#wish
    if (wish === null || !operators.includes(wish)) return null
    this.#wish = null
    return wish
  }

  /** Whether one more join is affordable; counts it. */
  takeJoin(): boolean {
    if (this.#joins >= MAX_JOINS) return false
    this.#joins++
    return true
  }

  /** An event, a view, or a query in FROM. */
  rows(outer: Operator, depth: number, flow: Flow): Rows {
    const named = depth <= 0 && (flow === "any" || flow === "time")
    const rows = named ? this.named(flow) : this.derived(this.#make(this, depth - 1, flow))
    this.coverage.over(outer, rows.operator)
    return rows
  }

  readable(flow: Flow): Readable {
    const fitting = this.#readable.filter((readable) => flow === "any" || readable.flow === flow)
    const views = fitting.filter(({ isEvent }) => !isEvent)
    return this.pick(views.length > 0 && this.chance(0.25) ? views : fitting.filter(({ isEvent }) => isEvent))
  }

  named(flow: Flow): Rows {
    const from = this.readable(flow)
    const alias = this.name("t")
    const fields = from.fields.map(({ name, kind }) => ({ name, kind, ref: `${alias}.${name}` }))
    return {
      from: sql`${from.name} AS ${alias}`,
      alias,
      fields,
      operator: from.isEvent ? "event" : "view",
      ties: from.isEvent ? [`${alias}.at`] : null,
    }
  }

  /** A query that stands for rows alone: of the given flow, at the given depth. */
  query(outer: Operator, depth: number, flow: Flow): Query {
    const query = this.#make(this, depth, flow)
    this.coverage.over(outer, query.operator)
    return query
  }

  /** The rows of a WITH query. */
  read(name: string, { columns, operator }: Query): Rows {
    const alias = this.name("t")
    const fields = columns.flatMap(({ name: column, kind }) =>
      kind === null ? [] : [{ name: column, kind, ref: `${alias}.${column}` }],
    )
    return { from: sql`${name} AS ${alias}`, alias, fields, operator, ties: null }
  }

  derived({ text, columns, operator }: Query): Rows {
    const alias = this.name("t")
    const fields = columns.flatMap(({ name, kind }) =>
      kind === null ? [] : [{ name, kind, ref: `${alias}.${name}` }],
    )
    if (!this.chance(0.15)) return { from: sql`(${text}) AS ${alias}`, alias, fields, operator, ties: null }
    const within = this.name("w")
    const from = sql`(WITH ${within} AS (${text}) SELECT * FROM ${within}) AS ${alias}`
    return { from, alias, fields, operator, ties: null }
  }

  expression(kind: Kind, fields: readonly Field[], depth: number): Sql {
    const own = fields.filter((field) => field.kind === kind).map(({ ref }) => ref)
    if (depth <= 0 || this.chance(0.4)) {
      if (own.length > 0 && this.chance(0.9)) return sql`${this.pick(own)}`
      return sql`${randomLiteral(kind, this.random)}`
    }
    const parts: Part[] = []
    const made = this.pick(MAKERS[kind])((inner) => {
      const part = this.expression(inner, fields, depth - 1)
      if (inner === kind) parts.push(part)
      return part
    }, this.random)
    return withSimpler(made, [...parts, ...own.slice(0, 1), randomLiteral(kind, this.random)])
  }

  /** An expression that is no bare constant: GROUP BY, ORDER BY and PARTITION BY read those otherwise. */
  key(operator: Operator | null, fields: readonly Field[], kinds: readonly Kind[] = COMPARABLE): Output {
    const columns = fields.filter(({ kind }) => kinds.includes(kind))
    if (columns.length > 0 && this.chance(0.7)) {
      const { ref, kind } = this.pick(columns)
      if (operator !== null) this.coverage.key(operator, kind)
      return { name: this.name("k"), kind, expression: ref }
    }
    const kind = this.pick(kinds)
    if (operator !== null) this.coverage.key(operator, kind)
    const own = columns.filter((field) => field.kind === kind)
    if (own.length > 0) return { name: this.name("k"), kind, expression: this.pick(own).ref }
    const [first, second] = [this.expression(kind, fields, 1), this.expression(kind, fields, 1)]
    const condition = this.expression("boolean", fields, 1)
    const made = sql`CASE WHEN ${condition} THEN ${first} ELSE ${second} END`
    return { name: this.name("k"), kind, expression: made }
  }

  hasTie(fields: readonly Field[], kind: Kind): boolean {
    return fields.some((field) => field.kind === kind && !CARRYING.has(field.name))
  }

  /** A value that a subquery or a join is tied by: it reads a column, but not that of the time. */
  tie(fields: readonly Field[], kind: Kind): Part {
    const own = fields.filter((field) => field.kind === kind && !CARRYING.has(field.name))
    if (own.length === 0) return sql`(${this.pick(fields).ref} IS NULL)`
    const { ref } = this.pick(own)
    if (this.chance(0.8)) return ref
    return withSimpler(sql`COALESCE(${ref}, ${randomLiteral(kind, this.random)})`, [ref])
  }

  outputs(operator: Operator, fields: readonly Field[], kinds: readonly Kind[] = KINDS): Output[] {
    const count = 2 + this.random.below(4)
    return Array.from({ length: count }, () => {
      const columns = fields.filter((field) => kinds.includes(field.kind))
      const field = columns.length > 0 && this.chance(0.7) ? this.pick(columns) : null
      const kind = field?.kind ?? this.pick(kinds)
      this.coverage.carry(operator, kind)
      return {
        name: this.name("c"),
        kind,
        expression: field?.ref ?? this.expression(kind, fields, this.pick([1, 1, 2])),
      }
    })
  }

  /** The flow's column, handed on as it is. */
  kept(rows: Rows, flow: Flow): Output[] {
    if (flow === "any") return []
    const name = FLOW_COLUMNS[flow]
    return [{ name, kind: "timestamp", expression: `${rows.alias}.${name}` }]
  }

  where(fields: readonly Field[], probability = 0.3): Part {
    if (!this.chance(probability)) return ""
    const condition = this.expression("boolean", fields, this.pick([1, 2]))
    // Nested conditions leave few rows: most of them take NULL for true.
    return optional(this.chance(0.3) ? sql` WHERE ${condition}` : sql` WHERE ${condition} IS NOT FALSE`)
  }

  /** One or two terms with directions. */
  order(operator: Operator, fields: readonly Field[]): Part[] {
    return Array.from({ length: 1 + this.random.below(2) }, () => {
      return sql`${this.key(operator, fields).expression}${this.direction()}`
    })
  }

  direction(): string {
    return this.pick(["", "", " DESC", " NULLS FIRST", " DESC NULLS LAST"])
  }

  /** The terms, and what makes them a total order: written out, or, where we promise it, for PostgreSQL. */
  totalOrder(terms: readonly Part[], rows: readonly Rows[]): Part {
    const ties = rows.length === 1 ? rows[0]!.ties : null
    if (ties !== null && this.chance(0.5)) return either(list(terms), list([...terms, ...ties]))
    return list([...terms, ...rows.flatMap(({ fields }) => totalOrder(fields))])
  }
}

function totalOrder(fields: readonly Field[]): string[] {
  return fields.map(({ ref, kind }) => (kind === "json" ? `CAST(${ref} AS text)` : ref))
}

export function selectList(outputs: readonly Output[]): Sql {
  const written = outputs.map(({ name, expression }) => sql`${expression} AS ${name}`)
  return list(written)
}

export const columnsOf = (outputs: readonly Output[]): Query["columns"] =>
  outputs.map(({ name, kind }) => ({ name, kind }))
