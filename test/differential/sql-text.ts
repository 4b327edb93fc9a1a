/**
 * SQL as a tree of text, so that a query which fails can be made smaller: a part may say by which simpler
 * parts it can be replaced. A part may also read otherwise for the oracle than for us, where we promise an
 * order that PostgreSQL must be told.
 */

export type Home = "ours" | "oracle"

export type Part = string | Sql

export interface Sql {
  readonly parts: readonly Part[]
  /** What may stand in its place, simplest first. */
  readonly simpler: readonly Part[]
  /** What the oracle reads instead of the parts. */
  readonly oracle: Part | null
}

/** sql`a + ${b}` */
export function sql(texts: TemplateStringsArray, ...values: readonly (Part | number)[]): Sql {
  const parts: Part[] = []
  for (const [k, text] of texts.entries()) {
    if (text !== "") parts.push(text)
    const value = values[k]
    if (value !== undefined && value !== "") parts.push(typeof value === "number" ? String(value) : value)
  }
  return { parts, simpler: [], oracle: null }
}

export function withSimpler(part: Part, simpler: readonly Part[]): Sql {
  return { parts: [part], simpler, oracle: null }
}

/** A clause that can be left out. */
export const optional = (part: Part): Sql => withSimpler(part, [""])

export const either = (ours: Part, oracle: Part): Sql => ({ parts: [ours], simpler: [], oracle })

export function list(items: readonly Part[], between = ", "): Sql {
  return {
    parts: items.flatMap((item, k) => (k === 0 ? [item] : [between, item])),
    simpler: [],
    oracle: null,
  }
}

export function textOf(part: Part, home: Home): string {
  if (typeof part === "string") return part
  if (home === "oracle" && part.oracle !== null) return textOf(part.oracle, home)
  return part.parts.map((inner) => textOf(inner, home)).join("")
}

/** All trees that differ from this one in a single replacement, outermost first. */
export function* smaller(part: Part): Generator<Part> {
  if (typeof part === "string") return
  for (const simple of part.simpler) if (textOf(simple, "ours") !== textOf(part, "ours")) yield simple
  for (const [k, inner] of part.parts.entries()) {
    for (const less of smaller(inner)) yield { ...part, parts: part.parts.with(k, less) }
  }
}
