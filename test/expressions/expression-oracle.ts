/**
 * PostgreSQL evaluates constant expressions, each by itself, so that one error does not hide other answers.
 */
import { PGlite } from "@electric-sql/pglite"
import type { Failure } from "../../src/expr/expression.ts"

export type Answer = { readonly text: string | null } | { readonly sqlState: string }

/** Marks an error in the oracle's answers; no value has it. */
const ERROR_MARK = "\u0001error "
/** Expressions in one statement. */
const CHUNK = 4000

const SET_UP = `
  set timezone = 'UTC';
  set extra_float_digits = 1;
  create function opaque(value anyelement) returns anyelement language plpgsql volatile as $$
    begin
      return value;
    end
  $$;
  create function answer(expression text) returns text language plpgsql as $$
    declare result text;
    begin
      execute 'select (' || expression || ')::text' into result;
      return result;
    exception when others then
      return chr(1) || 'error ' || sqlstate;
    end
  $$;
`

export class ExpressionOracle implements AsyncDisposable {
  readonly #pg: PGlite

  private constructor(pg: PGlite) {
    this.#pg = pg
  }

  static async open(): Promise<ExpressionOracle> {
    const pg = await PGlite.create()
    await pg.exec(SET_UP)
    return new ExpressionOracle(pg)
  }

  /** Answers in the order of the expressions, as `::text`. */
  async answers(expressions: readonly string[]): Promise<readonly Answer[]> {
    const answers: Answer[] = []
    for (let first = 0; first < expressions.length; first += CHUNK) {
      const sql =
        "select answer(e) as a from json_array_elements_text($1::json) with ordinality t(e, n) order by n"
      const { rows } = await this.#pg.query<{ a: string | null }>(sql, [
        JSON.stringify(expressions.slice(first, first + CHUNK)),
      ])
      for (const { a } of rows) {
        answers.push(a?.startsWith(ERROR_MARK) ? { sqlState: a.slice(ERROR_MARK.length) } : { text: a })
      }
    }
    return answers
  }

  /**
   * Each expression over a row of its own, so that PostgreSQL cannot fold it beforehand. Columns are c0, c1,
   * …
   */
  async answersOverRows(
    types: readonly string[],
    questions: readonly { readonly expression: string; readonly literals: readonly string[] }[],
  ): Promise<readonly Answer[]> {
    const columns = types.map((type, index) => `c${index} ${type}`)
    const values = questions.map(({ literals }, id) => `(${[id, ...literals].join(", ")})`)
    await this.#pg.exec(`
      drop table if exists sample;
      create table sample (id int4 primary key, ${columns.join(", ")});
      insert into sample values ${values.join(",\n")};
    `)
    const spelled = questions.map(
      ({ expression }, id) => `(select ${expression} from sample where id = ${id})`,
    )
    return this.answers(spelled)
  }

  async rows<Row>(sql: string): Promise<readonly Row[]> {
    return (await this.#pg.query<Row>(sql)).rows
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pg.close()
  }
}

/** Which of PostgreSQL's errors each of our failures stands for. */
export const SQL_STATES: Readonly<Record<Failure, readonly string[]>> = {
  none: [],
  "integer-out-of-range": ["22003"],
  "numeric-out-of-range": ["22003"],
  "division-by-zero": ["22012"],
  "invalid-cast": ["22P02", "22007", "22P05", "22023"],
  "invalid-argument": [
    "22011",
    "22019",
    "22023",
    "22025",
    "22026",
    "2201B",
    "2201E",
    "2201F",
    "54000",
    "0A000",
  ],
  "timestamp-out-of-range": ["22008", "22015", "22009"],
  "process-failed": [],
}
