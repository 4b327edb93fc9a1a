/**
 * A runtime on a simulated machine: log, journal and checkpoints on a simulated disk, and time that passes
 * when it is told to. It can be stopped, killed and started again, as often as a test wants.
 */
import type { EventContract } from "../../src/contracts/contract.ts"
import { rowsOf } from "../../src/engine/kit/batches.ts"
import { openInlineLog } from "../../src/log/embedded/inline-log.ts"
import type { Log } from "../../src/log/log.ts"
import { bindProject } from "../../src/plan/bind-project.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import type { ViewDefinition } from "../../src/plan/view.ts"
import type { EpochOutput } from "../../src/ports/epoch-output.ts"
import { openRuntime } from "../../src/runners/embedded/open-runtime.ts"
import type { EventStatus, IngestAnswer, Runtime, ViewStatus } from "../../src/runners/runtime.ts"
import { assert } from "../../src/std/assert.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { SimClock } from "../../src/testing/sim-clock.ts"
import { SimDisk } from "../../src/testing/sim-disk.ts"
import { SimProcess } from "../../src/testing/sim-process.ts"

export const CHECKPOINTS = "/data/checkpoints"
const HOPS = 60
/** Turns that something may take before it counts as hanging. */
const MOST_TURNS = 5_000
const STEP_MS = 250

export interface MachineOptions {
  readonly events: readonly EventContract[]
  readonly views: readonly ViewDefinition[]
  /** @default one hour: none but that of a clean stop */
  readonly checkpointIntervalMs?: number
  readonly outputs?: () => readonly EpochOutput[]
  /** That of another machine, which has ended. @default an empty one */
  readonly disk?: SimDisk
}

interface Life {
  readonly process: SimProcess
  readonly log: Log
  readonly runtime: Runtime
}

export class SimMachine {
  readonly clock = new SimClock()
  readonly disk: SimDisk
  readonly reports: string[] = []
  readonly #options: MachineOptions
  readonly #plans: readonly ViewPlan[]
  #life: Life | null = null

  private constructor(options: MachineOptions, plans: readonly ViewPlan[]) {
    this.#options = options
    this.#plans = plans
    this.disk = options.disk ?? new SimDisk({ random: new SeededRandom(1), clock: this.clock })
  }

  /** @throws Error with the problems of the views */
  static async of(options: MachineOptions): Promise<SimMachine> {
    const { plans, problems } = await bindProject(options)
    if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join("\n"))
    return new SimMachine(options, plans)
  }

  get runtime(): Runtime {
    return this.#running().runtime
  }

  get log(): Log {
    return this.#running().log
  }

  /** Opens log and runtime. `ahead`: what is done to the log before the runtime opens. */
  async start(ahead: (log: Log) => Promise<void> = async () => {}): Promise<void> {
    assert(this.#life === null, "one process runs at a time")
    const { events: contracts, checkpointIntervalMs = 3_600_000, outputs } = this.#options
    const process = new SimProcess(this.disk, this.clock)
    const parts = { disk: process.disk, clock: this.clock, scheduler: process.scheduler }
    const log = openInlineLog({ ...parts, random: new SeededRandom(2), directory: "/data/log" })
    await this.#settled(ahead(log))
    const runtime = await this.#settled(
      openRuntime({
        ...{ ...parts, log, contracts, plans: this.#plans, checkpointIntervalMs },
        outputs: outputs?.() ?? [],
        checkpointDirectory: CHECKPOINTS,
        report: (message) => this.reports.push(message),
      }),
    )
    this.#life = { process, log, runtime }
  }

  /** A clean stop, which writes a checkpoint. */
  async stop(): Promise<void> {
    const { runtime, log, process } = this.#running()
    await this.#settled(runtime[Symbol.asyncDispose]())
    await this.#settled(log[Symbol.asyncDispose]())
    process.alive = false
    this.#life = null
  }

  /** As by kill -9: what was not synced is there, what runs is not. */
  kill(): void {
    this.#running().process.alive = false
    this.disk.kill()
    this.#life = null
  }

  /** Sends rows, and lets the engine take them. */
  async post(event: string, rows: readonly object[]): Promise<IngestAnswer> {
    return this.postText(event, rows.map((row) => JSON.stringify(row)).join("\n"))
  }

  async postText(event: string, text: string): Promise<IngestAnswer> {
    const request = { event, body: new TextEncoder().encode(text), framing: "ndjson" as const }
    const answer = await this.#settled(this.runtime.ingest(request))
    await this.pass(0)
    return answer
  }

  /** Lets time pass, and everything that falls due run. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; ; left -= STEP_MS) {
      await this.#turn()
      if (left <= 0) return
      this.clock.pass(Math.min(STEP_MS, left))
    }
  }

  view(name: string): ViewStatus {
    return this.runtime.views().find(({ plan }) => plan.name === name)!
  }

  event(name: string): EventStatus {
    return this.runtime.events().find(({ contract }) => contract.name === name)!
  }

  rows(view: string): string[] {
    const request = { view, where: [], sort: [], limit: 100_000, cursor: null }
    return rowsOf(this.runtime.rows(request).rows)
      .map((row) => row.map(String).join(" "))
      .toSorted()
  }

  #running(): Life {
    assert(this.#life !== null, "a process runs")
    return this.#life
  }

  async #turn(): Promise<void> {
    for (let round = 0; round < 4; round++) {
      this.clock.runDue()
      for (let hop = 0; hop < HOPS; hop++) await null
    }
  }

  async #settled<T>(promise: PromiseLike<T>): Promise<T> {
    let isDone = false
    const done = Promise.resolve(promise).finally(() => {
      isDone = true
    })
    // The caller gets the failure; here only that it came counts.
    done.catch(() => {})
    for (let turns = 0; !isDone; turns++) {
      assert(turns < MOST_TURNS, "nothing takes for ever")
      await this.#turn()
      if (!isDone && turns % 10 === 9) this.clock.pass(STEP_MS)
    }
    return done
  }
}
