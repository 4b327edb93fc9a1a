/**
 * What Flink takes for a query, from an empty state to the last event: in each setup with one task, and in
 * the cheapest of them with two. The Java machine has run the whole query before. What the same job takes
 * without events, to start its tasks and to stop them, is taken off.
 */
import { assert } from "../../src/std/assert.ts"
import type { FlinkCost, FlinkProcess } from "./flink-process.ts"
import { type FlinkSetup, scriptOf } from "./script.ts"

/** Folders of event files, for each number of tasks that read them. */
export interface EventFolders {
  folder(part: Part, tasks: number): string
  /** In the folders of all events. */
  readonly events: number
}

export type Part = "none" | "all"

export interface FlinkMeasured extends FlinkSetup {
  /** Thousand events per second of the processor. */
  readonly perCpuSecond: number
  readonly checkpoints: number
}

/** Without mini-batches RocksDB reads and writes a value for each row: never the cheapest. */
const SETUPS: readonly FlinkSetup[] = [
  { state: "hashmap", miniBatch: true, tasks: 1 },
  { state: "hashmap", miniBatch: false, tasks: 1 },
  { state: "rocksdb", miniBatch: true, tasks: 1 },
]
const WITHOUT_STATE: readonly FlinkSetup[] = [{ state: "hashmap", miniBatch: false, tasks: 1 }]
const MAX_TASKS = 2
/** Of the first job, which tells how long those events take that lie between two checkpoints. */
const FIRST_CHECKPOINT_MS = 2_000
/** Of a job without events. It may wait for its last checkpoint, and some threads are busy meanwhile. */
const IDLE_CHECKPOINT_MS = 200

export interface FlinkQuery {
  readonly query: string
  readonly hasState: boolean
  readonly flink: FlinkProcess
  readonly files: EventFolders
  readonly scratch: string
  /** Events between two checkpoints. */
  readonly checkpointEvents: number
}

export async function measureFlink(asked: FlinkQuery): Promise<FlinkMeasured> {
  const { query, hasState, flink, files, scratch, checkpointEvents } = asked
  const run = (part: Part, setup: FlinkSetup, checkpointMs: number) => {
    const events = files.folder(part, setup.tasks)
    return flink.cost(scriptOf(query, { ...setup, events, scratch, checkpointMs }))
  }
  const setups = hasState ? SETUPS : WITHOUT_STATE
  const first = await run("all", setups[0]!, FIRST_CHECKPOINT_MS)
  const checkpointMs = Math.round((first.wallMs / files.events) * checkpointEvents)
  const idle = (setup: FlinkSetup) => run("none", setup, IDLE_CHECKPOINT_MS)
  const before = await idle(setups[0]!)
  const one: Job[] = []
  for (const setup of setups) one.push({ setup, cost: await run("all", setup, checkpointMs) })
  const cheapest = least(one)
  const jobs = [withoutIdle(cheapest, [before, await idle(cheapest.setup)])]
  const two = { ...cheapest.setup, tasks: MAX_TASKS }
  const beforeTwo = await idle(two)
  const cost = await run("all", two, checkpointMs)
  jobs.push(withoutIdle({ setup: two, cost }, [beforeTwo, await idle(two)]))
  const best = least(jobs)
  const { cpuMs, checkpoints } = best.cost
  return { ...best.setup, perCpuSecond: files.events / cpuMs, checkpoints }
}

interface Job {
  readonly setup: FlinkSetup
  readonly cost: FlinkCost
}

function least(jobs: readonly Job[]): Job {
  return jobs.reduce((a, b) => (b.cost.cpuMs < a.cost.cpuMs ? b : a))
}

/**
 * The least of what a job without events took: the compiler may still have been at work on the one before.
 */
function withoutIdle({ setup, cost }: Job, idle: readonly FlinkCost[]): Job {
  const cpuMs = cost.cpuMs - Math.min(...idle.map((each) => each.cpuMs))
  assert(cpuMs > 0, "a job with events takes longer than one without")
  return { setup, cost: { ...cost, cpuMs } }
}
