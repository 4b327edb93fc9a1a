/** A few rows that differ, as people read them: what the live view has, and what history gives. */
import type { ViewPlan } from "../../plan/plan.ts"
import type { ClickHouse } from "../../stores/clickhouse.ts"
import { queryRows } from "../../stores/clickhouse.ts"
import { type JsonCell, jsonCell, textSql } from "./json-value.ts"

export type ExampleRow = Readonly<Record<string, JsonCell>>

/** Null where a side has no such row. */
export interface DifferenceExample {
  readonly kind: "missing" | "extra" | "different"
  readonly live: ExampleRow | null
  readonly history: ExampleRow | null
}

const MAX_EXAMPLES = 20

export interface ReadExamples {
  readonly clickhouse: ClickHouse
  readonly plan: ViewPlan
  /** The query of diff-query.ts. */
  readonly groups: string
  readonly settings: Readonly<Record<string, string | number>>
}

/** Rows of the groups that differ, paired by their key, in the key's order. */
export async function readExamples(options: ReadExamples): Promise<readonly DifferenceExample[]> {
  const live = await readSide(options, "live")
  const history = await readSide(options, "batch")
  const examples: DifferenceExample[] = []
  const keys = new Set([...live.keys(), ...history.keys()])
  for (const key of keys) {
    const [ours, theirs] = [live.get(key) ?? null, history.get(key) ?? null]
    const kind = ours === null ? "missing" : theirs === null ? "extra" : "different"
    examples.push({ kind, live: ours, history: theirs })
  }
  return examples.slice(0, MAX_EXAMPLES)
}

async function readSide(options: ReadExamples, side: "live" | "batch"): Promise<Map<string, ExampleRow>> {
  const { clickhouse, plan, groups, settings } = options
  const { columns, key } = plan
  const approximate = columns.flatMap(({ type }, i) =>
    type.kind === "float64" && key?.includes(i) !== true ? [i] : [],
  )
  const values = columns.map(({ type }, i) => {
    if (type.kind !== "float64") return `${textSql(type, `e${i}`)} AS c${i}`
    const at = approximate.indexOf(i)
    // Floats of the key stand there by their rank.
    const flipped = `bitXor(e${i}, toInt64('9223372036854775807'))`
    const ranked = `reinterpretAsFloat64(if(e${i} >= 0, e${i}, ${flipped}))`
    return `${textSql(type, at < 0 ? ranked : `floats.${at + 2}`)} AS c${i}`
  })
  const by = (key ?? []).map((i) => `e${i}`)
  const order = by.length === 0 ? "" : ` ORDER BY ${by.join(", ")}`
  const sql =
    `SELECT ${[...values, "1 AS one"].join(", ")} FROM (SELECT * FROM (${groups}) ` +
    `WHERE notEmpty(${side})${order} LIMIT ${MAX_EXAMPLES}) ARRAY JOIN ${side} AS floats ` +
    `LIMIT ${MAX_EXAMPLES}`
  const rows = await queryRows<Record<string, string | null>>(clickhouse, sql, { settings })
  return new Map(
    rows.map((row, n) => {
      const cells = columns.map(({ name, type }, i) => [name, jsonCell(type, row[`c${i}`] ?? null)] as const)
      const id = key === null ? `${side}${n}` : JSON.stringify(key.map((i) => cells[i]![1]))
      return [id, Object.fromEntries(cells)]
    }),
  )
}
