/**
 * The world of a simulated runtime: machine, clock, the one process that may be running, and everything
 * outside of it that remembers. All of it is one seeded loop: promises take their turns between two calls of
 * `turn`, and no timer, file or thread of the real machine takes part.
 */

import { createEngine, type EngineOptions } from "../engine/create-engine.ts"
import type { Engine, OperatorSpec } from "../engine/dataflow.ts"
import { openInlineLog } from "../log/embedded/inline-log.ts"
import { DEFAULT_LIMITS, type LogLimits } from "../log/embedded/limits.ts"
import type { Log } from "../log/log.ts"
import type { EpochOutput } from "../ports/epoch-output.ts"
import { type Ledger, openLedger } from "../quality/ledger/ledger.ts"
import { LEDGER_TOPIC } from "../quality/ledger/ledger-writer.ts"
import { Quality } from "../quality/quality.ts"
import { TINY_LIMITS } from "../runners/embedded/duplicates/tiny-limits.ts"
import { JOURNAL_TOPIC } from "../runners/embedded/journal.ts"
import { openRuntime } from "../runners/embedded/open-runtime.ts"
import type { Runtime } from "../runners/runtime.ts"
import type { Clock } from "../std/clock.ts"
import type { Disk } from "../std/disk.ts"
import { isPlatformError } from "../std/errors.ts"
import { SeededRandom } from "../std/random.ts"
import { EpochChronicle, type EpochNote, observedEngine } from "./epoch-chronicle.ts"
import { LawBroken } from "./log-world.ts"
import { LoggedRows } from "./logged-rows.ts"
import { RuntimeOracle } from "./runtime-oracle.ts"
import { CONTRACTS } from "./runtime-project.ts"
import { SimClock } from "./sim-clock.ts"
import { SimCrash, SimDisk } from "./sim-disk.ts"
import { SimProcess } from "./sim-process.ts"
import { operatorsOf, type ProjectVersion } from "./views/catalogue.ts"
import type { OperatorKind } from "./views/sim-view.ts"

export interface RuntimeSimulationOptions {
  /** Lives go on until at least so many faults have struck. @default 20 */
  readonly faults?: number
  /** Views that are in every version of the project, beside those that the seed draws. */
  readonly views?: readonly string[]
  /** What the process sees of the disk, the log and the engine; for planting bugs in between. */
  readonly wrapDisk?: (disk: Disk) => Disk
  readonly wrapLog?: (log: Log) => Log
  readonly createEngine?: (specs: readonly OperatorSpec[], options: EngineOptions) => Engine
  readonly wrapOutput?: (output: EpochOutput) => EpochOutput
}

const DATA = "/data"
const SHORT_TOPIC_BYTES = 1_000
export const CHECKPOINTS = `${DATA}/checkpoints`
const DUPLICATES = `${DATA}/duplicates`
const CHECKPOINT_INTERVAL_MS = 500
const CHECKPOINT_FILE_BYTES = 20_000
const LIMITS: LogLimits = {
  ...DEFAULT_LIMITS,
  segmentBytes: 4_000,
  compactSegmentBytes: 3_000,
  preallocateBytes: 2_048,
  batchBytes: 1_500,
  recordBytes: 8_000,
  indexIntervalBytes: 1_000,
}
/** Turns that something may take before it counts as hanging. */
const MOST_TURNS = 20_000
const MOST_PARTS = 3
const LAST_LINES = 25

export type Outcome<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "dead" }

export class RuntimeWorld {
  readonly trace: string[] = []
  readonly faults = new Map<string, number>()
  readonly turns = new Map<string, number>()
  /** By kind of operator that was in the project when a fault struck. */
  readonly faultsAmid = new Map<OperatorKind, number>()
  readonly random: SeededRandom
  readonly clock = new SimClock()
  /** How far the wall clock is off from the clock that timers go by. */
  wallOffsetMs = 0
  readonly wall: Clock = {
    nowMs: () => this.clock.nowMs() + this.wallOffsetMs,
    monotonicMs: () => this.clock.monotonicMs(),
  }
  readonly disk: SimDisk
  readonly chronicle: EpochChronicle
  readonly rows: LoggedRows
  readonly oracle: RuntimeOracle
  readonly #seed: number
  /** By the epoch that a view was built from. */
  readonly #builtOracles = new Map<EpochNote, RuntimeOracle>()
  readonly #options: RuntimeSimulationOptions
  #law: LawBroken | null = null
  #engines = 0
  /** What the running engine began with; null: nothing. */
  #restored: { readonly epoch: number; readonly views: ReadonlySet<string> } | null = null
  #version: ProjectVersion = { contracts: CONTRACTS, plans: [] }
  process: SimProcess
  log: Log | null = null
  runtime: Runtime | null = null
  ledger: Ledger | null = null
  quality: Quality | null = null
  /** Whether faults have hit files of checkpoints. */
  hasDamagedCheckpoints = false
  #hasDamagedIds = false
  /** Where the engine of the running process is. */
  engine: Engine | null = null
  /** The disk stops within this many steps from the begin of the next checkpoint; null: it does not. */
  crashInCheckpoint: number | null = null

  constructor(seed: number, options: RuntimeSimulationOptions) {
    this.#seed = seed
    this.#options = options
    this.random = new SeededRandom(seed)
    this.disk = new SimDisk({ random: this.random, clock: this.clock })
    const broken = (law: string) => this.broken(law)
    this.chronicle = new EpochChronicle(broken)
    this.rows = new LoggedRows(broken)
    const rowsOf: LoggedRows["between"] = (...place) => this.rows.between(...place)
    this.oracle = new RuntimeOracle(rowsOf, broken)
    this.process = this.#newProcess()
  }

  note(line: string): void {
    this.trace.push(`${this.clock.nowMs() % 10_000_000} ${line}`)
  }

  /** What is no fault, and yet turns a life: a project that changes, a stop in order. */
  countTurn(kind: string): void {
    count(this.turns, kind)
    this.note(`turn: ${kind}`)
  }

  countFault(kind: string): void {
    count(this.faults, kind)
    for (const operator of operatorsOf(this.#version)) count(this.faultsAmid, operator)
    this.note(`fault: ${kind}`)
  }

  get faultCount(): number {
    return [...this.faults.values()].reduce((total, count) => total + count, 0)
  }

  /** Also remembered, since whoever called may catch it. */
  broken(law: string): never {
    const lines = this.trace.slice(-LAST_LINES).join("\n")
    this.#law ??= new LawBroken(`seed ${this.#seed}: ${law}\n${lines}`)
    throw this.#law
  }

  below(bound: number): number {
    return this.random.below(bound)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  /** What is due runs, then promises go on for a while. */
  async turn(hops = 1 + this.below(20)): Promise<void> {
    try {
      if (this.process.alive) this.clock.runDue()
    } catch (error) {
      if (!(error instanceof SimCrash)) throw error
    }
    for (let hop = 0; hop < hops; hop++) await null
    if (this.#law !== null) throw this.#law
  }

  /** Lets the world go on until the promise has settled or the process is dead. */
  async outcome<T>(promise: Promise<T>, what: string): Promise<Outcome<T>> {
    let outcome: Outcome<T> | null = null
    promise.then(
      (value) => {
        outcome = { kind: "value", value }
      },
      (error: unknown) => {
        outcome = { kind: "error", error }
      },
    )
    for (let turns = 0; turns < MOST_TURNS; turns++) {
      await this.turn(8)
      if (!this.process.alive) return { kind: "dead" }
      if (outcome !== null) return outcome
      if (turns % 50 === 49) this.clock.pass(5)
    }
    return this.broken(`${what} never ends`)
  }

  /** Starts the process. "error" only when the disk has refused something. */
  async start(version: ProjectVersion): Promise<Outcome<void>> {
    this.#version = version
    this.process = this.#newProcess()
    const process = this.process
    const opened = await this.outcome(this.#open(process, version), "opening")
    if (opened.kind === "error" && (!isPlatformError(opened.error) || process.diskErrors.length === 0)) {
      this.broken(`a crash must always recover by itself: ${textOf(opened.error)}`)
    }
    this.note(`start: ${opened.kind}${opened.kind === "error" ? ` ${textOf(opened.error)}` : ""}`)
    return opened
  }

  async #open(process: SimProcess, { contracts, plans }: ProjectVersion): Promise<void> {
    const { wrapLog = (log: Log) => log, wrapOutput = (output: EpochOutput) => output } = this.#options
    const shared = { disk: process.disk, clock: this.wall, scheduler: process.scheduler }
    this.log = openInlineLog({ ...shared, random: this.random, directory: `${DATA}/log`, limits: LIMITS })
    const log = withShortTopics(wrapLog(this.log))
    const ledger = await openLedger({
      ...{ log, scheduler: process.scheduler },
      onUpkeepFailed: (error) => this.note(`ledger upkeep: ${textOf(error).slice(0, 160)}`),
    })
    this.ledger = ledger
    this.runtime = await openRuntime({
      ...shared,
      log,
      outputs: [wrapOutput(ledger.output)],
      rulings: ledger.reader,
      contracts,
      plans,
      checkpointDirectory: CHECKPOINTS,
      checkpointIntervalMs: CHECKPOINT_INTERVAL_MS,
      checkpointFileBytes: CHECKPOINT_FILE_BYTES,
      duplicateLimits: TINY_LIMITS,
      createEngine: (specs, engineOptions) => this.#createEngine(process, specs, engineOptions),
      report: (message) => this.#hear(message),
    })
    this.quality = await Quality.open({
      ...{ log, clock: this.wall, scheduler: process.scheduler, contracts },
      ...{ ledger: ledger.reader, door: this.runtime },
      onFailed: (error) => {
        if (process.alive) this.note(`replay failed: ${textOf(error).slice(0, 160)}`)
      },
    })
  }

  /** A crash may take a checkpoint away, but not a part of it. */
  #hear(message: string): void {
    this.note(`report: ${message.slice(0, 160)}`)
    // A restore that fails passes a checkpoint over, but not for a mistake of ours.
    if (message.startsWith("must hold")) this.broken(`recovery went on without: ${message}`)
    const isOfIds = / ids of .* are read from the log again/.test(message)
    const isAboutDamage = isOfIds || /^The checkpoint .* is damaged/.test(message)
    // Where checkpoints are damaged, an older one is taken, whose ids may be gone.
    const isExpected = this.hasDamagedCheckpoints || (isOfIds && this.#hasDamagedIds)
    if (isAboutDamage && !isExpected) this.broken(`nobody damaged it: ${message}`)
  }

  /**
   * In every other world pages of state leave memory whenever they may; in every third each life has another
   * number of parts.
   */
  #createEngine(process: SimProcess, specs: readonly OperatorSpec[], { spill }: EngineOptions): Engine {
    const marks = this.#seed % 2 === 0 ? {} : { keepBytes: 0, crowdedBytes: 0 }
    const parts = this.#seed % 3 === 0 ? 1 + this.below(MOST_PARTS) : 1
    if (parts > 1) count(this.turns, "several parts")
    const options = { parts, ...(spill === undefined ? {} : { spill: { ...spill, ...marks } }) }
    const by = { number: ++this.#engines, version: versionOf(this.#version) }
    this.#restored = null
    const engine = observedEngine(
      (this.#options.createEngine ?? createEngine)(specs, options),
      (parent, input, result) => {
        if (!process.alive) return
        const { text, ranges, rebuilt } = this.chronicle.note(parent, input, result, by)
        const who = rebuilt === null ? "" : ` for ${rebuilt.size} views`
        this.note(`epoch ${input.epoch} on ${parent} takes ${ranges.length} slices${who}, ${text.length}`)
      },
      ({ kept, derived }) => {
        this.#restored = { epoch: engine.epoch, views: new Set([...kept, ...derived]) }
        if (derived.size > 0) count(this.turns, "rows made of state")
      },
    )
    this.engine = engine
    return engine
  }

  #newProcess(): SimProcess {
    const { wrapDisk = (disk: Disk) => disk } = this.#options
    return new SimProcess(wrapDisk(this.disk), this.clock, (path) => {
      if (this.crashInCheckpoint === null || !path.endsWith(".checkpoint.writing")) return
      this.disk.crashAfter(this.crashInCheckpoint)
      this.crashInCheckpoint = null
      this.countFault("crash in a checkpoint")
    })
  }

  /** The process is gone, in whichever way; with `power` the machine lost it, too. */
  end(power: boolean): void {
    this.process.alive = false
    if (power) this.disk.crash()
    else this.disk.kill()
    this.disk.slowMs = 0
    this.crashInCheckpoint = null
    this.runtime = null
    this.ledger = null
    this.quality = null
    this.log = null
    this.engine = null
  }

  /** A file of remembered ids is of no use: they are read from the log instead. */
  damageIds(): void {
    const paths = this.disk.files().filter((path) => {
      return path.startsWith(DUPLICATES) && (path.endsWith(".run") || path.endsWith(".trail"))
    })
    if (paths.length === 0) return
    const path = this.pick(paths)
    const { length } = this.disk.contents(path)
    if (length > 0) this.disk.flip(path, length - 1 - this.below(Math.min(length, 40)), 1)
    this.#hasDamagedIds = true
    this.countFault("damaged ids")
  }

  /** The epochs of the engine's history; null while none has run of the present version of the project. */
  history(epoch: number): readonly EpochNote[] | null {
    return this.chronicle.at(epoch).by.version === versionOf(this.#version)
      ? this.chronicle.history(epoch)
      : null
  }

  /** The epochs that made the view what it is in this one. */
  branch(view: string, epoch: number): readonly EpochNote[] {
    const restored = this.#restored
    // Left without state, and not yet built.
    if (restored !== null && epoch === restored.epoch && !restored.views.has(view)) return []
    return epoch === 0 ? [] : this.chronicle.branch(epoch, view)
  }

  /** What plain JavaScript says of the view in this epoch, and of duplicates. */
  async oracleOf(
    view: string,
    epoch: number,
  ): Promise<{ readonly oracle: RuntimeOracle; readonly at: number }> {
    await this.rows.read(this.log!, "end")
    this.oracle.follow(epoch === 0 ? [] : this.chronicle.trunk(epoch))
    const branch = this.branch(view, epoch)
    const at = branch.at(-1)?.epoch ?? 0
    if (branch[0]?.rebuilt == null) return { oracle: this.oracle, at }
    const oracle = this.#builtOracles.get(branch[0]) ?? this.oracle.beside()
    this.#builtOracles.set(branch[0], oracle)
    oracle.follow(branch)
    return { oracle, at }
  }
}

function versionOf({ contracts, plans }: ProjectVersion): string {
  return [...contracts, ...plans].map(({ name, fingerprint }) => `${name} ${fingerprint}`).join()
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** A log that keeps no more of journal and ledger than it must, so that what is needed is really held. */
function withShortTopics(log: Log): Log {
  const isShort = (topic: string) => topic === JOURNAL_TOPIC || topic === LEDGER_TOPIC
  const createTopic: Log["createTopic"] = (spec) =>
    log.createTopic(isShort(spec.name) ? { ...spec, retentionBytes: SHORT_TOPIC_BYTES } : spec)
  return new Proxy(log, {
    get(own, name) {
      const value: unknown = name === "createTopic" ? createTopic : Reflect.get(own, name)
      return typeof value === "function" ? value.bind(own) : value
    },
  })
}

export function textOf(error: unknown): string {
  if (isPlatformError(error)) return `${error.code}: ${error.message}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
