/**
 * What Flink takes for a query, from an empty state to the last event: in each setup with one task, and in the
 * cheapest of them with two. The Java machine has run the query before. What the same job takes without events
 * (planning, compiling, starting and stopping) is taken off.
 */
import { assert } from "../../src/std/assert.ts"
import type { FlinkCost, FlinkProcess } from "./flink-process.ts"
import { type FlinkSetup, scriptOf } from "./script.ts"

/** A folder of event files for each size of a job and each number of tasks. */
export interface EventFolders {
  folder(part: Part, tasks: number): string
  readonly events: { readonly some: number; readonly all: number }
}

export type Part = "none" | "some" | "all"

export interface FlinkMeasured extends Omit<FlinkSetup, "tasks"> {
  readonly perCpuSecond: FlinkRate
  readonly perSecond: FlinkRate
}

/** The best one, and what reached it. */
export interface FlinkRate {
  /** Thousand events per second of the processor, or of the clock. */
  readonly value: number
  readonly tasks: number
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
const FIRST_CHECKPOINT_MS = 10_000
/** Flink accepts no less than 10 ms, and a checkpoint takes some of them. */
const MIN_CHECKPOINT_MS = 100

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
  const first = await run("some", setups[0]!, FIRST_CHECKPOINT_MS)
  const idle = [await run("none", setups[0]!, FIRST_CHECKPOINT_MS)]
  const eventMs = Math.max(0, first.wallMs - idle[0]!.wallMs) / files.events.some
  const checkpointMs = Math.max(MIN_CHECKPOINT_MS, Math.round(eventMs * checkpointEvents))
  const one: Job[] = []
  for (const setup of setups) one.push({ setup, cost: await run("all", setup, checkpointMs) })
  idle.push(await run("none", setups[0]!, checkpointMs))
  const cheapest = least(one, "cpuMs")
  const setup = { ...cheapest.setup, tasks: MAX_TASKS }
  const two = { setup, cost: await run("all", setup, checkpointMs) }
  const idleTwo = [await run("none", setup, checkpointMs)]
  const jobs = [withoutIdle(cheapest, idle), withoutIdle(two, idleTwo)]
  const best = (what: "cpuMs" | "wallMs"): FlinkRate => {
    const { setup, cost } = least(jobs, what)
    return { value: files.events.all / cost[what], tasks: setup.tasks, checkpoints: cost.checkpoints }
  }
  const { state, miniBatch } = cheapest.setup
  return { state, miniBatch, perCpuSecond: best("cpuMs"), perSecond: best("wallMs") }
}

interface Job {
  readonly setup: FlinkSetup
  readonly cost: FlinkCost
}

function least(jobs: readonly Job[], what: "cpuMs" | "wallMs"): Job {
  return jobs.reduce((a, b) => (b.cost[what] < a.cost[what] ? b : a))
}

function withoutIdle({ setup, cost }: Job, idle: readonly FlinkCost[]): Job {
  const rest = (what: "cpuMs" | "wallMs") => {
    const restMs = cost[what] - idle.reduce((sum, each) => sum + each[what], 0) / idle.length
    assert(restMs > 0, "a job with events takes longer than one without: these are too few events to measure")
    return restMs
  }
  return { setup, cost: { ...cost, cpuMs: rest("cpuMs"), wallMs: rest("wallMs") } }
}
