/** Holds Flink against the engine: both read the same bodies and must come to the same rows. */
import { join } from "node:path"
import { createJsonDecoder } from "../../src/contracts/json/decoder.ts"
import type { ViewDefinition } from "../../src/plan/view.ts"
import { differenceOf } from "../../test/kit/canonical.ts"
import { NEXMARK_EVENTS } from "../../test/nexmark/columns.ts"
import { engineOf, planOf, rowsOf } from "../../test/nexmark/run-query.ts"
import { decodedSlices, nexmarkPosts } from "../nexmark/posts.ts"
import { writeEventFiles } from "./event-files.ts"
import type { FlinkProcess } from "./flink-process.ts"
import { FLINK_QUERIES } from "./queries.ts"
import { scriptOf } from "./script.ts"

const EVENTS = 30_000
/** No two events at one time, so that an order by time has no ties; the day ends in between. */
const OPTIONS = { tps: 1_000, baseMs: Date.UTC(2026, 4, 31, 23, 59, 45) }
const CHECKPOINT_MS = 1_000

/** The first difference in words, or null. */
export async function differenceFromFlink({
  definition,
  flink,
  scratch,
}: {
  readonly definition: ViewDefinition
  readonly flink: FlinkProcess
  readonly scratch: string
}): Promise<string | null> {
  const plan = await planOf(definition)
  const engine = engineOf(plan)
  const decoders = new Map(NEXMARK_EVENTS.map((event) => [event.name, createJsonDecoder(event)]))
  const posts = nexmarkPosts(0, EVENTS, OPTIONS)
  engine.runEpoch({ epoch: 1, slices: decodedSlices(posts, decoders, plan), watermarksUs: new Map() })
  const events = join(scratch, "few-events")
  writeEventFiles(events, [posts], 1)
  const setup = { tasks: 1, state: "hashmap", miniBatch: true } as const
  const run = { ...setup, events, scratch, checkpointMs: CHECKPOINT_MS }
  const rows = await flink.rows(scriptOf(FLINK_QUERIES[definition.name]!, run))
  return differenceOf(plan.columns, rows, rowsOf(engine, plan))
}
