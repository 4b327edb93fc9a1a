/**
 * The events that `why` gives for a row are the row: a view that had taken them alone would have it. Random
 * projects, random rows of their views; the views run again over the named events only.
 *
 *   node test/verify/random-why.ts --seed 1 --count 200
 */
import { readRow } from "../../src/columns/scalar.ts"
import type { EventContract } from "../../src/contracts/contract.ts"
import { createJsonDecoder } from "../../src/contracts/json/decoder.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { SeededRandom } from "../../src/std/random.ts"
import type { ClickHouse } from "../../src/stores/clickhouse.ts"
import { randomProject } from "../differential/random-project.ts"
import { cellOfScalar, differenceOf } from "../kit/canonical.ts"
import { openEmbeddedStore } from "../kit/embedded-store.ts"
import { runArguments } from "../kit/run-arguments.ts"
import { ARRANGEMENTS, runViews, withProcessedAt } from "../kit/run-views.ts"
import { openVerifyWorld, type VerifyWorld } from "./verify-world.ts"

/** Of each view. */
const ROWS_ASKED = 4
/** More than a project has events. */
const LIMIT = 1_000

export interface WhyReport {
  /** Rows whose events gave them again. */
  readonly rows: number
  readonly events: number
  /** Views that ClickHouse cannot compute. */
  readonly unasked: number
}

/** @throws Error with seed, view and row where they differ */
export async function askRandomly(clickhouse: ClickHouse, seed: number): Promise<WhyReport> {
  const { text } = randomProject(seed)
  await using world = await openVerifyWorld({ clickhouse, project: text })
  const random = new SeededRandom(seed)
  const report = { rows: 0, events: 0, unasked: 0 }
  for (const plan of world.plans) {
    try {
      for (const row of sample(world, plan, random)) {
        report.events += await askForRow(world, plan, row, seed)
        report.rows++
      }
    } catch (error) {
      if (!isPlatformError(error, "no-clickhouse-spelling")) throw error
      report.unasked++
    }
  }
  return report
}

type Row = NonNullable<Awaited<ReturnType<VerifyWorld["explainer"]["why"]>>["row"]>

function sample({ runtime }: VerifyWorld, plan: ViewPlan, random: SeededRandom): readonly Row[] {
  using cut = runtime.cut(plan.name)
  const rows = [...cut.batches()].flatMap((batch) =>
    Array.from({ length: batch.length }, (_, row) => readRow(batch, row)),
  )
  return Array.from({ length: Math.min(ROWS_ASKED, rows.length) }, () => rows[random.below(rows.length)]!)
}

async function askForRow(world: VerifyWorld, plan: ViewPlan, row: Row, seed: number): Promise<number> {
  const columns = plan.key ?? plan.columns.map((_, column) => column)
  const key = columns.map((column) => ({ column, value: row[column]! }))
  const { events } = await world.explainer.why({ view: plan.name, key, limit: LIMIT })
  const inputs = world.contracts.map((contract) => inputOf(contract, events))
  const alone = runViews(inputs, world.plans, ARRANGEMENTS[0]!).rows.get(plan.name)!
  const expected = row.map((value, column) => cellOfScalar(value, plan.columns[column]!.type))
  const found = alone.filter((cells) => columns.every((column) => cells[column] === expected[column]))
  const difference = differenceOf(plan.columns, [expected], found.slice(0, 1))
  if (difference !== null) {
    throw new Error(`seed ${seed}, view ${plan.name}, ${JSON.stringify(expected)}: ${difference}`)
  }
  return events.length
}

/** What an event's contract makes of the named records, in the order of the log. */
function inputOf(contract: EventContract, events: readonly { event: string; value: Uint8Array }[]) {
  const lines = events.flatMap(({ event, value }) => (event === contract.name ? [Buffer.from(value)] : []))
  const body = Buffer.from(lines.map((line) => `${line}\n`).join(""))
  return { contract, batch: withProcessedAt(createJsonDecoder(contract).decode(body, "ndjson").batch) }
}

if (import.meta.main) {
  const { seed: first, count } = runArguments("node test/verify/random-why.ts", { seed: 1, count: 200 })
  await using store = await openEmbeddedStore()
  const total = { rows: 0, events: 0, unasked: 0 }
  for (let seed = first; seed < first + count; seed++) {
    const { rows, events, unasked } = await askRandomly(store.clickhouse, seed)
    total.rows += rows
    total.events += events
    total.unasked += unasked
  }
  console.log(JSON.stringify({ first, count, ...total }))
}
