/**
 * The world of a simulated log: the disk and its faults, the log while it is open, and the model that it must
 * agree with. Ends the log's process in every way, opens it again, and checks the laws of recovery.
 */
import type { CoreAppend, LogCoreOptions } from "../log/embedded/core.ts"
import { LogCore } from "../log/embedded/core.ts"
import { DEFAULT_LIMITS, type LogLimits } from "../log/embedded/limits.ts"
import type { Disk } from "../std/disk.ts"
import { isPlatformError, type PlatformError } from "../std/errors.ts"
import { SeededRandom } from "../std/random.ts"
import { ModelPartition } from "./log-model.ts"
import { decode, keyed, type PlainRecord, type StoredRecord } from "./plain-records.ts"
import { SimClock } from "./sim-clock.ts"
import { SimCrash, SimDisk } from "./sim-disk.ts"

export interface LogSimulationOptions {
  /** @default 60 */
  readonly steps?: number
  /** What the log sees of the disk; for planting faults in between. */
  readonly wrapDisk?: (disk: SimDisk) => Disk
  /** How the core is opened; for planting faults around it. */
  readonly openCore?: (options: LogCoreOptions) => SimulatedCore
  /** Damages a byte of a file. @default flips some bits */
  readonly damage?: (disk: SimDisk, path: string, position: number) => void
}

export type SimulatedCore = Pick<
  LogCore,
  | "append"
  | "commit"
  | "createTopic"
  | "hold"
  | "maintain"
  | "offsetAtTime"
  | "openWriter"
  | "range"
  | "read"
  | "close"
>

export class LawBroken extends Error {
  override readonly name = "LawBroken"
}

/** What an opening may fail with while faults are planned. */
const DISK_FAILURES = ["disk-failed", "disk-full"]

const DIRECTORY = "/data/log"
const LIMITS: LogLimits = {
  ...DEFAULT_LIMITS,
  segmentBytes: 2_000,
  compactSegmentBytes: 3_000,
  // Little and odd: files are often grown, and end in the middle of a sector.
  preallocateBytes: 700,
  batchBytes: 400,
  recordBytes: 8_000,
  indexIntervalBytes: 1_000,
  tombstoneMs: 500,
}
const TOPICS = [
  { name: "events", partitions: 2, retentionBytes: 3_000, retentionMs: 8_000 },
  { name: "packed", partitions: 1, compression: "zstd" },
  { name: "state", partitions: 1, cleanup: "compact" },
] as const

interface Pending {
  readonly partition: SimPartition
  readonly records: readonly PlainRecord[]
}

export interface SimPartition {
  readonly topic: string
  readonly partition: number
  readonly model: ModelPartition
}

export class LogWorld {
  readonly trace: string[] = []
  restarts = 0
  /** Segments may go at the moment, also when the machine stops before anyone could look. */
  mayExpire = false
  readonly #seed: number
  readonly #options: LogSimulationOptions
  readonly random: SeededRandom
  readonly clock = new SimClock()
  readonly disk: SimDisk
  readonly partitions: readonly SimPartition[]
  #core: SimulatedCore | null = null
  readonly #pending = new Map<number, Pending>()
  #lastAppendMs = 0

  constructor(seed: number, options: LogSimulationOptions) {
    this.#seed = seed
    this.#options = options
    this.random = new SeededRandom(seed)
    this.disk = new SimDisk({ random: this.random, clock: this.clock })
    this.partitions = TOPICS.flatMap((topic) =>
      Array.from({ length: topic.partitions }, (_, partition) => ({
        topic: topic.name,
        partition,
        model: new ModelPartition({ isCompact: "cleanup" in topic, mayExpire: "retentionBytes" in topic }),
      })),
    )
  }

  get pendingCount(): number {
    return this.#pending.size
  }

  note(line: string): void {
    this.trace.push(line)
  }

  broken(law: string): never {
    throw new LawBroken(`seed ${this.#seed}: ${law}\n${this.trace.slice(-15).join("\n")}`)
  }

  /** What the log refused; anything but a PlatformError ends the simulation. */
  attempt(action: () => void): PlatformError | null {
    try {
      action()
      return null
    } catch (error) {
      if (isPlatformError(error)) return error
      throw error
    }
  }

  /** Hands a request to the log; what it refused at once, or null. */
  append(request: Omit<CoreAppend, "records">, partition: SimPartition, records: readonly PlainRecord[]) {
    const refusal = this.attempt(() => this.core.append({ ...request, records: keyed(...records) }))
    if (refusal === null) this.#pending.set(request.ticket, { partition, records })
    return refusal
  }

  #appended(ticket: number, baseOffset: number, appendTimeMs: number): void {
    const pending = this.#pending.get(ticket)
    if (pending === undefined) this.broken(`request ${ticket} was answered twice`)
    this.#pending.delete(ticket)
    const { model, topic, partition } = pending.partition
    if (baseOffset !== model.end)
      this.broken(`${topic}/${partition} gave offset ${baseOffset}, not ${model.end}`)
    if (appendTimeMs < this.#lastAppendMs) this.broken("append times fell")
    this.#lastAppendMs = appendTimeMs
    model.acknowledge(
      pending.records.map((record, i) => ({ ...record, offset: baseOffset + i, appendTimeMs })),
    )
    this.note(`appended ${ticket} at ${baseOffset}`)
  }

  #refused(ticket: number, error: PlatformError): void {
    const pending = this.#pending.get(ticket)
    if (pending === undefined) this.broken(`request ${ticket} was answered twice`)
    if (error.code !== "log-failed") this.broken(`request ${ticket} was refused with ${error.code}`)
    this.note(`refused ${ticket}`)
    // All requests of the group are refused together, so that the group is one attempt.
    this.#giveUpPendingOf(pending.partition)
    this.#pending.delete(ticket)
  }

  #giveUpPendingOf({ model }: SimPartition): void {
    const group = [...this.#pending.values()].filter(({ partition }) => partition.model === model)
    model.attempts.push(group.flatMap(({ records }) => records))
  }

  /** Ends the process; what was in flight may or may not have been kept. */
  power(isLost: boolean): void {
    this.#giveUpPending()
    if (isLost) this.disk.crash()
    else this.disk.kill()
    this.#core = null
    this.note(isLost ? "power lost" : "killed")
  }

  #giveUpPending(): void {
    const groups = new Map<ModelPartition, PlainRecord[]>()
    for (const { partition, records } of this.#pending.values()) {
      const group = groups.get(partition.model) ?? []
      groups.set(partition.model, group)
      group.push(...records)
    }
    for (const [model, group] of groups) model.attempts.push(group)
    this.#pending.clear()
  }

  restart(): void {
    this.restarts++
    this.#planOpeningFault()
    for (;;) {
      try {
        this.#open()
        break
      } catch (error) {
        if (!(error instanceof SimCrash) && !isPlatformError(error)) throw error
        this.note(`${error instanceof SimCrash ? "crash" : error.code} while opening`)
        this.power(this.random.below(2) === 0)
        this.#planOpeningFault()
      }
    }
    this.disk.heal()
    for (const partition of this.partitions) this.#adopt(partition)
    this.mayExpire = false
  }

  /** Recovery itself is hit too, now and then, and so is the recovery from that. */
  #planOpeningFault(): void {
    const fault = this.random.below(12)
    if (fault < 3) this.disk.crashAfter(1 + this.random.below(12))
    else if (fault === 3) this.disk.failSyncs(1, this.random.below(8))
    else if (fault === 4) this.disk.fillAfter(1 + this.random.below(6))
  }

  #open(): void {
    const open = this.#options.openCore ?? ((options) => LogCore.open(options))
    try {
      const core = open(this.#coreOptions(this.random.below(2) === 0 ? "active" : "all"))
      this.#core = core
      for (const spec of TOPICS) core.createTopic(spec)
    } catch (error) {
      if (isPlatformError(error) && !DISK_FAILURES.includes(error.code))
        this.broken(`a crash must always recover by itself: ${error.message}`)
      throw error
    }
    this.note("opened")
  }

  /** The open log. */
  get core(): SimulatedCore {
    if (this.#core === null) throw new Error("the log is open")
    return this.#core
  }

  #adopt({ topic, partition, model }: SimPartition): void {
    const { begin, durableEnd } = this.core.range(topic, partition)
    if (begin < model.begin || (this.mayExpire && model.mayExpire)) model.begin = begin
    const found = this.readAll(topic, partition)
    const wrong = model.adopt(found, durableEnd) ?? model.compare(found)
    if (wrong !== null) this.broken(`after a restart, ${topic}/${partition}: ${wrong}`)
    this.#lastAppendMs = Math.max(this.#lastAppendMs, model.acknowledged.at(-1)?.appendTimeMs ?? 0)
  }

  readAll(topic: string, partition: number): StoredRecord[] {
    const core = this.core
    const { begin, durableEnd } = core.range(topic, partition)
    const records: StoredRecord[] = []
    for (let offset = begin; offset < durableEnd; ) {
      const { batches, nextOffset } = core.read(topic, partition, {
        offset,
        maxBytes: 1 + this.random.below(3000),
      })
      if (nextOffset <= offset) this.broken(`a read of ${topic}/${partition} at ${offset} does not advance`)
      records.push(...decode(batches, offset))
      offset = nextOffset
    }
    const beyond = records.find(({ offset }) => offset >= durableEnd)
    if (beyond !== undefined) this.broken(`offset ${beyond.offset} was read before it was durable`)
    return records
  }

  /** Damages a byte, demands that the log notices, and mends it. */
  damage(path: string, position: number): void {
    const before = this.disk.contents(path)
    if (this.#options.damage === undefined) this.disk.flip(path, position, 1 << this.random.below(8))
    else this.#options.damage(this.disk, path, position)
    this.note(`damage ${path} at ${position}`)
    this.#expectRefusal()
    this.power(false)
    for (const [at, byte] of this.disk.contents(path).entries()) {
      const bits = byte ^ (before[at] ?? 0)
      if (bits !== 0) this.disk.flip(path, at, bits)
    }
  }

  #expectRefusal(): void {
    let wrong: string | null = null
    const refusal = this.attempt(() => {
      this.#core = LogCore.open(this.#coreOptions("active"))
      for (const { topic, partition, model } of this.partitions) {
        const { durableEnd } = this.core.range(topic, partition)
        const found = this.readAll(topic, partition)
        wrong ??= model.adopt(found, durableEnd) ?? model.compare(found)
      }
    })
    if (refusal === null && wrong !== null) this.broken(`damage went unnoticed: ${wrong}`)
    if (refusal !== null && refusal.code !== "log-corrupt")
      this.broken(`damage was answered with ${refusal.code}`)
    this.note(`damage: ${refusal?.code ?? "outside of what counts"}`)
  }

  #coreOptions(verify: "active" | "all"): LogCoreOptions {
    return {
      disk: this.#options.wrapDisk?.(this.disk) ?? this.disk,
      clock: this.clock,
      random: this.random,
      directory: DIRECTORY,
      limits: LIMITS,
      verify,
      sink: {
        appended: (ticket, baseOffset, timeMs) => this.#appended(ticket, baseOffset, timeMs),
        refused: (ticket, error) => this.#refused(ticket, error),
      },
    }
  }
}
