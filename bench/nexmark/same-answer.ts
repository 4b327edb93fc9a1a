/** Holds the code by hand against the engine: both take the same bodies and must come to the same rows. */
import type { LogicalType } from "../../src/columns/types.ts"
import { createJsonDecoder } from "../../src/contracts/json/decoder.ts"
import type { ViewDefinition } from "../../src/plan/view.ts"
import { assert } from "../../src/std/assert.ts"
import { type Cell, cellOfText, differenceOf, type Row } from "../../test/kit/canonical.ts"
import { NEXMARK_EVENTS } from "../../test/nexmark/columns.ts"
import { engineOf, planOf, rowsOf } from "../../test/nexmark/run-query.ts"
import type { ByHand } from "./by-hand.ts"
import { decodedSlices, nexmarkPosts } from "./posts.ts"

const EVENTS = 30_000
const EPOCH_EVENTS = 5_000
/** No two events at one time, so that an order by time has no ties; the day ends in between. */
const OPTIONS = { tps: 1_000, baseMs: Date.UTC(2026, 4, 31, 23, 59, 45) }

/** @throws AssertionError with the first difference */
export async function checkSameAnswer(definition: ViewDefinition, byHand: ByHand): Promise<void> {
  const plan = await planOf(definition)
  const engine = engineOf(plan)
  const decoders = new Map(NEXMARK_EVENTS.map((event) => [event.name, createJsonDecoder(event)]))
  const rows: Row[] = []
  const emit = (row: readonly (string | number)[]) => {
    rows.push(row.map((value, k) => cellOf(value, plan.columns[k]!.type)))
  }
  for (let from = 0; from < EVENTS; from += EPOCH_EVENTS) {
    const posts = nexmarkPosts(from, from + EPOCH_EVENTS, OPTIONS)
    const slices = decodedSlices(posts, decoders, plan)
    engine.runEpoch({ epoch: from / EPOCH_EVENTS + 1, slices, watermarksUs: new Map() })
    byHand.take(posts, emit)
  }
  byHand.end?.(emit)
  const { key } = byHand
  const latest = key === null ? rows : latestOf(rows, key)
  const difference = differenceOf(plan.columns, latest, rowsOf(engine, plan))
  assert(difference === null, `${definition.name} by hand is the engine's answer: ${difference}`)
}

function latestOf(rows: readonly Row[], key: readonly number[]): Row[] {
  return [...new Map(rows.map((row) => [key.map((k) => row[k]).join("/"), row])).values()]
}

function cellOf(value: string | number, type: LogicalType): Cell {
  if (type.kind === "timestamp") {
    return String((typeof value === "number" ? value : Date.parse(value)) * 1_000)
  }
  return cellOfText(String(value), type)
}
