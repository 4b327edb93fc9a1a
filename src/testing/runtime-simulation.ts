/**
 * Seeded lives of a whole runtime: log, door, intake, epochs, journal, engine, checkpoints and recovery in
 * one loop on a simulated machine that stops in the middle of anything, fails to sync, runs full and damages
 * checkpoints, while the project changes. After each start and at the end everything is compared with what
 * producers, readers and the log's own bytes say. The same seed gives the same trace; a broken law throws
 * LawBroken with the seed.
 */
import { isPlatformError } from "../std/errors.ts"
import { fingerprint } from "../std/fingerprint.ts"
import { checkLetters } from "./dead-letter-checks.ts"
import { checkLedger } from "./ledger-checks.ts"
import { LawBroken } from "./log-world.ts"
import {
  checkBalance,
  checkReadiness,
  checkReceipt,
  checkSubscriber,
  checkUpdate,
  checkVerdicts,
  checkView,
  eventsOf,
  pendingOf,
} from "./runtime-checks.ts"
import { RuntimeFaults } from "./runtime-faults.ts"
import { type Post, RuntimeProducer } from "./runtime-producer.ts"
import { RuntimeReplays } from "./runtime-replays.ts"
import { RuntimeSubscriber } from "./runtime-subscriber.ts"
import { type RuntimeSimulationOptions, RuntimeWorld, textOf } from "./runtime-world.ts"
import { SimCrash, type SimDisk } from "./sim-disk.ts"
import { boundViews, drawVersions, type ProjectVersion, viewsOf } from "./views/catalogue.ts"
import type { OperatorKind } from "./views/sim-view.ts"

export interface RuntimeSimulation {
  /** One line per happening. */
  readonly trace: readonly string[]
  readonly traceHash: string
  /** How often each kind of fault struck. */
  readonly faults: ReadonlyMap<string, number>
  /** How often its project changed, and it was stopped in order. */
  readonly turns: ReadonlyMap<string, number>
  /** How many struck while such an operator was in the project. */
  readonly faultsAmid: ReadonlyMap<OperatorKind, number>
  readonly starts: number
  readonly epochs: number
  readonly acknowledgedRows: number
}

const FAULTS = 20
const MOST_STEPS = 22
/** Views with a live reader, of all versions. */
const MOST_READERS = 7
/** What an acknowledgement may fail with once the disk has failed. */
const REFUSALS = new Set(["log-failed", "epoch-failed", "not-ready"])
const MOST_ROUNDS = 600 // of turns, until a runtime without new rows must be at rest

export async function simulateRuntime(
  seed: number,
  options: RuntimeSimulationOptions = {},
): Promise<RuntimeSimulation> {
  return lived(seed, options, (life) => life.run(options.faults ?? FAULTS))
}

async function lived(
  seed: number,
  options: RuntimeSimulationOptions,
  live: (life: RuntimeLife) => Promise<void>,
): Promise<RuntimeSimulation> {
  const world = new RuntimeWorld(seed, options)
  const life = new RuntimeLife(world, drawVersions(world.random, await boundViews(), options.views ?? []))
  try {
    await live(life)
  } catch (error) {
    if (error instanceof LawBroken) throw error
    world.broken(textOf(error))
  }
  return life.result()
}

/** Posts of a life with one fault: enough that writes of every kind come, checkpoints included. */
const POSTS_AROUND_FAULT = 200

/**
 * One life whose disk is prepared by `plan` before anything is written, and nothing else goes wrong: whatever
 * fails, what was acknowledged is there after a restart, and all laws hold.
 */
export async function simulateDiskFault(
  seed: number,
  plan: (disk: SimDisk) => void,
): Promise<RuntimeSimulation> {
  return lived(seed, {}, (life) => life.runWithDiskFault(plan))
}

class RuntimeLife {
  readonly #world: RuntimeWorld
  readonly #faults: RuntimeFaults
  readonly #versions: readonly ProjectVersion[]
  readonly #producer: RuntimeProducer
  readonly #replays: RuntimeReplays
  readonly #subscribers: readonly RuntimeSubscriber[]
  #version: ProjectVersion
  #inFlight = 0
  #starts = 0

  constructor(world: RuntimeWorld, versions: readonly ProjectVersion[]) {
    this.#world = world
    this.#faults = new RuntimeFaults(world)
    this.#versions = versions
    this.#version = versions[0]!
    world.oracle.know(versions)
    for (const { plans } of versions) world.note(`project: ${plans.map(({ name }) => name).join(", ")}`)
    const broken = (law: string) => world.broken(law)
    this.#producer = new RuntimeProducer(world.random, broken)
    this.#replays = new RuntimeReplays(world, this.#producer)
    this.#subscribers = viewsOf(versions)
      .slice(0, MOST_READERS)
      .map(({ name: view }) => {
        return new RuntimeSubscriber({ view, broken, onUpdate: (...update) => checkUpdate(world, ...update) })
      })
  }

  async run(faults: number): Promise<void> {
    while (this.#world.faultCount < faults) {
      await this.#start()
      await this.#guarded(() => this.#live())
      await this.#end()
    }
    this.#world.disk.heal()
    await this.#start()
    await this.#guarded(() => this.#comeToRest())
    if (!this.#world.process.alive) this.#world.broken("a healthy machine stopped")
    await this.#stop()
    for (const [kind, count] of this.#world.faults) this.#world.note(`faults: ${count} of ${kind}`)
  }

  async runWithDiskFault(plan: (disk: SimDisk) => void): Promise<void> {
    const world = this.#world
    plan(world.disk)
    const opened = await world.start(this.#version)
    if (opened.kind === "value") {
      this.#starts++
      for (let post = 0; post < POSTS_AROUND_FAULT && world.process.alive; post++) {
        this.#post()
        world.clock.pass(world.below(60))
        await world.turn()
        checkReadiness(world)
      }
    }
    this.#disconnect()
    world.end(false)
    await this.#start({ faults: false })
    await this.#comeToRest()
    await this.#stop()
  }

  result(): RuntimeSimulation {
    const { trace, faults, turns, faultsAmid, chronicle } = this.#world
    const acknowledgedRows = this.#producer.posts.reduce(
      (rows, { answer }) => rows + (answer?.accepted ?? 0),
      0,
    )
    return {
      trace,
      traceHash: fingerprint(trace.join("\n")),
      ...{ faults, turns },
      faultsAmid,
      starts: this.#starts,
      epochs: chronicle.count,
      acknowledgedRows,
    }
  }

  /** Runs until the process is dead or all is done. */
  async #guarded(action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      if (!(error instanceof SimCrash)) throw error
      if (this.#world.process.alive) throw error
    }
  }

  async #start({ faults = true } = {}): Promise<void> {
    const world = this.#world
    this.#inFlight = 0
    this.#replays.begin()
    if (faults) this.#faults.planAtStart()
    for (;;) {
      const opened = await world.start(this.#version)
      if (opened.kind === "value") break
      if (opened.kind === "dead") {
        world.countFault("crash in recovery")
        world.end(world.below(2) === 0)
      } else {
        world.countFault("refused start")
        world.end(false)
      }
      if (world.below(3) === 0) this.#faults.planAtStart()
    }
    this.#starts++
    world.disk.heal()
    await world.rows.read(world.log!, "begin")
    this.#producer.compareWith(world.rows)
    this.#replays.checkRows()
    await checkLetters(world, this.#producer)
    const { process } = world
    for (const subscriber of this.#subscribers) {
      if (this.#version.plans.some(({ name }) => name === subscriber.view)) {
        subscriber.connect(world.runtime!, () => process.alive)
      }
    }
    await this.#guarded(async () => {
      for (const { name } of this.#version.plans) await checkView(world, name)
      await checkLedger(world)
      if (world.process.alive) checkBalance(world, world.runtime!)
    })
  }

  async #live(): Promise<void> {
    const world = this.#world
    if (world.below(5) === 0) {
      world.disk.slowMs = 1 + world.below(20)
      world.countFault("slow disk")
    }
    const isLong = world.below(6) === 0
    const steps = 3 + world.below(isLong ? MOST_STEPS * 4 : MOST_STEPS)
    for (let step = 0; step < steps && world.process.alive; step++) {
      await this.#step()
      await world.turn()
      checkReadiness(world)
      if (world.process.alive) checkBalance(world, world.runtime!)
    }
    if (world.process.alive && world.below(2) === 0) await this.#comeToRest()
  }

  async #step(): Promise<void> {
    const world = this.#world
    const kind = world.below(45)
    if (kind < 17) this.#post()
    else if (kind < 24) world.clock.pass(world.below(8) === 0 ? 3_500 : world.below(400))
    else if (kind < 28) await checkView(world, world.pick(this.#version.plans).name)
    else if (kind < 34) world.pick(this.#subscribers).pull()
    else if (kind < 36) this.#awaitSomeReceipt()
    else if (kind < 37) await this.#comeToRest()
    else if (kind > 41) this.#replays.ask()
    else if (kind === 37 && world.below(2) === 0) this.#faults.turnClockBack()
    else this.#faults.plan()
  }

  #post(): void {
    const world = this.#world
    const { process, runtime } = world
    const failed = runtime!.ready().reason
    const post = this.#producer.next(world.wall.nowMs())
    this.#inFlight++
    const heard = (answer: () => void) => {
      if (!process.alive || world.process !== process) return
      this.#inFlight--
      answer()
    }
    const body = Uint8Array.from(post.body)
    const event = post.isMixed ? null : post.event
    runtime!
      .ingest({ event, body, framing: "ndjson", isBodyGiven: world.below(2) === 0 })
      .then(
        (answer) =>
          heard(() => {
            if (failed !== null) world.broken(`post ${post.number} was taken although: ${failed}`)
            world.note(
              `post ${post.number}: ${answer.accepted} + ${answer.duplicates} + ${answer.rejectedCount}`,
            )
            this.#producer.answered(post, answer)
          }),
        (error: unknown) => heard(() => this.#checkRefusal(post, error)),
      )
      .catch(() => {}) // The world has noted which law was broken.
  }

  #checkRefusal(post: Post, error: unknown): void {
    const world = this.#world
    const code = isPlatformError(error) && REFUSALS.has(error.code) ? error.code : null
    if (code === null || world.process.diskErrors.length === 0) {
      world.broken(`post ${post.number} was refused: ${textOf(error)}`)
    }
    world.note(`post ${post.number}: ${code}`)
  }

  #awaitSomeReceipt(): void {
    const world = this.#world
    const post = this.#somePost()
    if (post === null) return
    const view = this.#viewOf(post)
    if (view === null) return
    const timeoutMs = world.below(500)
    // What goes wrong with the law is noted by the world; a process that dies just says nothing.
    void checkReceipt(world, this.#producer, { post, view, timeoutMs, mustBeProcessed: false }).catch(
      (error: unknown) => {
        if (world.process.alive && !(error instanceof SimCrash) && !(error instanceof LawBroken)) {
          world.note(`receipt ${post.number}: ${textOf(error)}`)
        }
      },
    )
  }

  #somePost(): Post | null {
    const answered = this.#producer.posts.filter(({ answer }) => answer !== null && answer.receipt !== null)
    return answered.length === 0 ? null : this.#world.pick(answered.slice(-10))
  }

  /** One that the post's rows come to; null when there is none. */
  #viewOf({ event }: Post): string | null {
    const all = this.#world.runtime!.views()
    const views = all.filter((status) => eventsOf(status, all).includes(event))
    return views.length === 0 ? null : this.#world.pick(views).plan.name
  }

  /** Without new rows the runtime comes to rest; then everything must be equal. */
  async #comeToRest(): Promise<void> {
    const world = this.#world
    const { process } = world
    const runtime = world.runtime!
    let quietRounds = 0
    for (let round = 0; quietRounds < 3; round++) {
      if (round > MOST_ROUNDS)
        world.broken(`no rest: ${this.#inFlight} posts, ${pendingOf(runtime)} events pending`)
      for (const subscriber of this.#subscribers) subscriber.pull()
      world.clock.pass(2)
      await world.turn(30)
      if (!process.alive) return
      if (!runtime.ready().ready) return
      const isQuiet =
        this.#inFlight === 0 &&
        pendingOf(runtime) === 0 &&
        !this.#replays.isRunning &&
        this.#subscribers.every((one) => one.isWaiting)
      quietRounds = isQuiet ? quietRounds + 1 : 0
    }
    world.note("at rest")
    checkBalance(world, runtime)
    await checkVerdicts(world)
    await checkLedger(world)
    if (process.alive) await this.#replays.checkAtRest()
    if (!process.alive) return
    const { plans } = this.#version
    for (const { name } of plans) await checkView(world, name)
    for (const subscriber of this.#subscribers) {
      if (plans.some(({ name }) => name === subscriber.view)) await checkSubscriber(world, subscriber)
    }
    const post = this.#somePost()
    const view = post === null ? null : this.#viewOf(post)
    if (post === null || view === null) return
    await checkReceipt(world, this.#producer, { post, view, timeoutMs: 0, mustBeProcessed: true })
  }

  async #end(): Promise<void> {
    const world = this.#world
    if (world.process.alive && world.below(4) === 0) {
      await this.#stop()
      world.countTurn("clean stop")
    } else {
      const power = world.below(5) < 3
      world.countFault(power ? "power loss" : "kill")
      this.#disconnect()
      world.end(power)
    }
    if (world.below(6) === 0) this.#faults.damageCheckpoint()
    if (world.below(6) === 0) this.#faults.damagePages()
    if (world.below(6) === 0) world.damageIds()
    if (world.below(6) === 0) {
      this.#version = world.pick(this.#versions)
      world.countTurn("project change")
    }
  }

  async #stop(): Promise<void> {
    const world = this.#world
    const { runtime, quality, log, process } = world
    this.#replays.stop()
    const stop = async () => {
      await quality![Symbol.asyncDispose]()
      await runtime![Symbol.asyncDispose]()
      await log![Symbol.asyncDispose]()
    }
    const stopped = await world.outcome(stop(), "stopping")
    world.note(`stop: ${stopped.kind}`)
    if (stopped.kind === "error" && !(isPlatformError(stopped.error) && process.diskErrors.length > 0)) {
      world.broken(`stopping failed: ${textOf(stopped.error)}`)
    }
    this.#disconnect()
    world.end(false)
  }

  #disconnect(): void {
    for (const code of new Set(this.#world.process.diskErrors)) this.#world.countFault(code)
    for (const subscriber of this.#subscribers) subscriber.disconnect()
  }
}
