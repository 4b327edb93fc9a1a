/**
 * A seeded life of the embedded log on a simulated disk: appends, reads, fences, holds, retention, compaction,
 * crashes in the middle of anything, failed syncs, full disks, damaged files; after each of them the log is
 * compared with a plain model. The same seed gives the same trace. A broken law throws LawBroken with the seed.
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
  "append" | "commit" | "createTopic" | "hold" | "maintain" | "offsetAtTime" | "openWriter" | "range" | "read" | "close"
>

export interface LogSimulation {
  /** One line per step: what was done and what came of it. */
  readonly trace: readonly string[]
  readonly restarts: number
}

export class LawBroken extends Error {
  override readonly name = "LawBroken"
}

const DIRECTORY = "/data/log"
const LIMITS: LogLimits = {
  ...DEFAULT_LIMITS,
  segmentBytes: 6_000,
  compactSegmentBytes: 3_000,
  preallocateBytes: 4_096,
  batchBytes: 1_500,
  recordBytes: 8_000,
  indexIntervalBytes: 1_000,
  tombstoneMs: 500,
}
const TOPICS = [
  { name: "events", partitions: 2, retentionBytes: 15_000, retentionMs: 60_000 },
  { name: "packed", partitions: 1, compression: "zstd" },
  { name: "state", partitions: 1, cleanup: "compact" },
] as const

interface Pending {
  readonly partition: SimPartition
  readonly records: readonly PlainRecord[]
}

interface SimPartition {
  readonly topic: string
  readonly partition: number
  readonly model: ModelPartition
}

export function simulateLog(seed: number, options: LogSimulationOptions = {}): LogSimulation {
  const simulation = new Simulation(seed, options)
  try {
    simulation.run(options.steps ?? 60)
  } catch (error) {
    if (error instanceof LawBroken) throw error
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    throw new LawBroken(`seed ${seed}: ${reason}\n${simulation.trace.slice(-15).join("\n")}`)
  }
  return { trace: simulation.trace, restarts: simulation.restarts }
}

class Simulation {
  readonly trace: string[] = []
  restarts = 0
  readonly #seed: number
  readonly #options: LogSimulationOptions
  readonly #random: SeededRandom
  readonly #clock = new SimClock()
  readonly #disk: SimDisk
  readonly #partitions: SimPartition[]
  #core: SimulatedCore | null = null
  readonly #pending = new Map<number, Pending>()
  #ticket = 0
  /** Of each topic: the newest writer's fence. */
  readonly #fences = new Map<string, number>()
  /** Topics of which a writer was asked for in vain: the fence may have risen all the same. */
  readonly #unsureFences = new Set<string>()
  readonly #holds = new Map<string, number>()
  #lastAppendMs = 0

  constructor(seed: number, options: LogSimulationOptions) {
    this.#seed = seed
    this.#options = options
    this.#random = new SeededRandom(seed)
    this.#disk = new SimDisk({ random: this.#random, clock: this.#clock })
    this.#partitions = TOPICS.flatMap((topic) =>
      Array.from({ length: topic.partitions }, (_, partition) => ({
        topic: topic.name,
        partition,
        model: new ModelPartition("cleanup" in topic),
      })),
    )
  }

  run(steps: number): void {
    this.#disk.slowMs = this.#below(3)
    this.#restart()
    for (let step = 0; step < steps; step++) {
      if (this.#below(5) === 0) this.#planFault()
      this.#guarded(() => this.#step())
    }
    this.#disk.heal()
    this.#power(this.#below(2) === 0)
    this.#restart()
  }

  #below(bound: number): number {
    return this.#random.below(bound)
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T
  }

  #note(line: string): void {
    this.trace.push(line)
  }

  #broken(law: string): never {
    throw new LawBroken(`seed ${this.#seed}: ${law}\n${this.trace.slice(-15).join("\n")}`)
  }

  #planFault(): void {
    const fault = this.#below(3)
    const count = 1 + this.#below(8)
    if (fault === 0) this.#disk.crashAfter(count * 2)
    else if (fault === 1) this.#disk.failSyncs(1 + this.#below(3))
    else this.#disk.fillAfter(count)
    this.#note(`plan ${["crash", "failed syncs", "full disk"][fault]} ${count}`)
  }

  /** Runs a step; a simulated crash in it ends in a restart. */
  #guarded(step: () => void): void {
    try {
      step()
    } catch (error) {
      if (!(error instanceof SimCrash)) throw error
      this.#note("crash in the middle")
      this.#power(this.#below(3) > 0)
      this.#restart()
    }
  }

  /** Ends the process; what was in flight may or may not have been kept. */
  #power(isLost: boolean): void {
    this.#giveUpPending()
    if (isLost) this.#disk.crash()
    else this.#disk.kill()
    this.#core = null
    this.#note(isLost ? "power lost" : "killed")
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

  #restart(): void {
    this.restarts++
    // Recovery itself is hit too, now and then.
    if (this.#below(4) === 0) this.#disk.crashAfter(1 + this.#below(12))
    for (;;) {
      try {
        this.#open()
        break
      } catch (error) {
        if (!(error instanceof SimCrash)) throw error
        this.#note("crash while opening")
        this.#power(this.#below(2) === 0)
      }
    }
    this.#disk.heal()
    for (const partition of this.#partitions) this.#adopt(partition)
  }

  #open(): void {
    const open = this.#options.openCore ?? ((options) => LogCore.open(options))
    try {
      const core = open({
        disk: this.#options.wrapDisk?.(this.#disk) ?? this.#disk,
        clock: this.#clock,
        random: this.#random,
        directory: DIRECTORY,
        limits: LIMITS,
        verify: this.#below(2) === 0 ? "active" : "all",
        sink: {
          appended: (ticket, baseOffset, timeMs) => this.#appended(ticket, baseOffset, timeMs),
          refused: (ticket, error) => this.#refused(ticket, error),
        },
      })
      this.#core = core
      for (const spec of TOPICS) core.createTopic(spec)
    } catch (error) {
      if (isPlatformError(error)) this.#broken(`a crash must always recover by itself: ${error.message}`)
      throw error
    }
    this.#note("opened")
  }

  #opened(): SimulatedCore {
    if (this.#core === null) throw new Error("the log is open")
    return this.#core
  }

  #adopt({ topic, partition, model }: SimPartition): void {
    const { begin, durableEnd } = this.#opened().range(topic, partition)
    if (begin < model.begin) model.begin = begin
    const found = this.#readAll(topic, partition)
    const wrong = model.adopt(found, durableEnd) ?? model.compare(found)
    if (wrong !== null) this.#broken(`after a restart, ${topic}/${partition}: ${wrong}`)
    this.#lastAppendMs = Math.max(this.#lastAppendMs, model.acknowledged.at(-1)?.appendTimeMs ?? 0)
  }

  #readAll(topic: string, partition: number): StoredRecord[] {
    const core = this.#opened()
    const { begin, durableEnd } = core.range(topic, partition)
    const records: StoredRecord[] = []
    for (let offset = begin; offset < durableEnd; ) {
      const { batches, nextOffset } = core.read(topic, partition, { offset, maxBytes: 1 + this.#below(3000) })
      if (nextOffset <= offset) this.#broken(`a read of ${topic}/${partition} at ${offset} does not advance`)
      records.push(...decode(batches, offset))
      offset = nextOffset
    }
    const beyond = records.find(({ offset }) => offset >= durableEnd)
    if (beyond !== undefined) this.#broken(`offset ${beyond.offset} was read before it was durable`)
    return records
  }

  #step(): void {
    const kind = this.#below(20)
    if (kind < 9) this.#append()
    else if (kind < 12) this.#commit()
    else if (kind < 13) this.#check()
    else if (kind < 15) this.#maintain()
    else if (kind < 16) this.#openWriter(this.#pick(["state", "state", "packed"]))
    else if (kind < 17) this.#hold()
    else if (kind < 18) this.#passTime()
    else if (kind < 19) this.#stop()
    else this.#damage()
  }

  #append(): void {
    const target = this.#pick(this.#partitions)
    const { topic, partition } = target
    if (this.#unsureFences.has(topic)) return this.#openWriter(topic)
    const keys = target.model.isCompact ? ["a", "b", "c", "d"] : ["k", null, ""]
    const records = Array.from({ length: 1 + this.#below(4) }, (_, i) => ({
      key: this.#pick(keys),
      value: this.#below(8) === 0 ? null : `${this.#ticket}.${i} ${this.#filler()}`,
    }))
    const isFenced = target.model.isCompact || this.#fences.has(topic)
    const current = this.#fences.get(topic) ?? 0
    const fence = isFenced && this.#below(6) === 0 ? current - 1 : isFenced ? current : null
    const ticket = this.#ticket++
    const request: CoreAppend = { ticket, topic, partition, records: keyed(...records), fence }
    this.#note(`append ${ticket} of ${records.length} to ${topic}/${partition}`)
    const refusal = this.#attempt(() => this.#opened().append(request))
    if (refusal === null) this.#pending.set(ticket, { partition: target, records })
    const mustRefuse = isFenced && (fence !== current || current === 0)
    if (mustRefuse !== (refusal?.code === "writer-fenced")) this.#broken(`fence ${fence} where ${current} holds`)
  }

  /** Zeros among it: a payload that looks like a part of the disk that was never written. */
  #filler(): string {
    return this.#pick(["x", "\0", "yz"]).repeat(this.#pick([0, 20, 300, 1100]))
  }

  /** What the log refused; anything but a PlatformError ends the simulation. */
  #attempt(action: () => void): PlatformError | null {
    try {
      action()
      return null
    } catch (error) {
      if (isPlatformError(error)) return error
      throw error
    }
  }

  #commit(): void {
    this.#note(`commit ${this.#pending.size}`)
    this.#opened().commit()
    if (this.#pending.size > 0) this.#broken("a commit left requests without an answer")
  }

  #appended(ticket: number, baseOffset: number, appendTimeMs: number): void {
    const pending = this.#pending.get(ticket)
    if (pending === undefined) this.#broken(`request ${ticket} was answered twice`)
    this.#pending.delete(ticket)
    const { model, topic, partition } = pending.partition
    if (baseOffset !== model.end) this.#broken(`${topic}/${partition} gave offset ${baseOffset}, not ${model.end}`)
    if (appendTimeMs < this.#lastAppendMs) this.#broken("append times fell")
    this.#lastAppendMs = appendTimeMs
    model.acknowledge(pending.records.map((record, i) => ({ ...record, offset: baseOffset + i, appendTimeMs })))
    this.#note(`appended ${ticket} at ${baseOffset}`)
  }

  #refused(ticket: number, error: PlatformError): void {
    const pending = this.#pending.get(ticket)
    if (pending === undefined) this.#broken(`request ${ticket} was answered twice`)
    if (error.code !== "log-failed") this.#broken(`request ${ticket} was refused with ${error.code}`)
    this.#note(`refused ${ticket}`)
    // All requests of the group are refused together, so that the group is one attempt.
    this.#giveUpPendingOf(pending.partition)
    this.#pending.delete(ticket)
  }

  #giveUpPendingOf({ model }: SimPartition): void {
    const group = [...this.#pending.values()].filter(({ partition }) => partition.model === model)
    model.attempts.push(group.flatMap(({ records }) => records))
  }

  #check(): void {
    for (const { topic, partition, model } of this.#partitions) {
      const { begin, durableEnd } = this.#opened().range(topic, partition)
      if (durableEnd !== model.end) this.#broken(`${topic}/${partition} ends at ${durableEnd}, not ${model.end}`)
      const held = this.#holds.get(`${topic}/${partition}`) ?? Infinity
      if (begin > model.begin && begin > held) this.#broken(`${topic}/${partition} begins at ${begin}, held ${held}`)
      model.begin = begin
      const wrong = model.compare(this.#readAll(topic, partition))
      if (wrong !== null) this.#broken(`${topic}/${partition}: ${wrong}`)
      const timeMs = this.#clock.nowMs() - this.#below(5000)
      const offset = this.#opened().offsetAtTime(topic, partition, timeMs)
      if (!model.isCompact && offset !== model.offsetAtTime(timeMs)) this.#broken(`wrong offset at time ${timeMs}`)
    }
    this.#note("checked")
  }

  #maintain(): void {
    const refusal = this.#attempt(() => {
      for (let round = 0; round < 20 && this.#opened().maintain(); round++);
    })
    this.#note(`maintained ${refusal?.code ?? ""}`)
  }

  #openWriter(topic: string): void {
    this.#unsureFences.add(topic)
    const current = this.#fences.get(topic) ?? 0
    let fence = 0
    const refusal = this.#attempt(() => {
      fence = this.#opened().openWriter(topic)
    })
    this.#note(`writer of ${topic}: ${refusal?.code ?? fence}`)
    if (refusal !== null) return
    if (fence <= current) this.#broken(`fence ${fence} does not fence off ${current}`)
    this.#fences.set(topic, fence)
    this.#unsureFences.delete(topic)
  }

  #hold(): void {
    const { model } = this.#partitions[0] as SimPartition
    const offset = Math.max(model.begin, model.end - this.#below(40))
    const refusal = this.#attempt(() => this.#opened().hold("reader", "events", 0, offset))
    if (refusal === null) this.#holds.set("events/0", offset)
    this.#note(`hold ${offset} ${refusal?.code ?? ""}`)
  }

  #passTime(): void {
    const jump = this.#below(4) === 0 ? -this.#below(10_000) : this.#below(5000)
    this.#clock.skip(jump)
    this.#note(`time ${jump}`)
  }

  #stop(): void {
    const isClean = this.#below(3) === 0
    if (isClean) {
      this.#note("close")
      const refusal = this.#attempt(() => this.#opened().close())
      if (refusal === null && this.#pending.size > 0) this.#broken("closing left requests without an answer")
    }
    this.#power(this.#below(2) === 0)
    this.#restart()
  }

  /** Damages acknowledged bytes while the log is down: it must say so and change nothing. */
  #damage(): void {
    this.#disk.heal()
    this.#power(false)
    const files = this.#disk.files().filter((path) => path.endsWith(".log"))
    if (files.length === 0) return this.#restart()
    const path = this.#pick(files)
    const before = this.#disk.contents(path)
    const position = this.#placeOfDamage(before)
    if (position < 0) return this.#restart()
    const damage = this.#options.damage ?? ((disk, file, at) => disk.flip(file, at, 1 << this.#below(8)))
    damage(this.#disk, path, position)
    this.#note(`damage ${path} at ${position}`)
    this.#expectRefusal()
    this.#power(false)
    for (const [at, byte] of this.#disk.contents(path).entries()) {
      const bits = byte ^ (before[at] ?? 0)
      if (bits !== 0) this.#disk.flip(path, at, bits)
    }
    this.#restart()
  }

  /** Some byte of the file that is not empty space; -1 when there is none. */
  #placeOfDamage(bytes: Uint8Array): number {
    let end = bytes.length
    while (end > 0 && bytes[end - 1] === 0) end--
    return end === 0 ? -1 : this.#below(end)
  }

  #expectRefusal(): void {
    const wrongs: (string | null)[] = []
    const refusal = this.#attempt(() => {
      const options = { wrapDisk: this.#options.wrapDisk }
      const core = LogCore.open({
        disk: options.wrapDisk?.(this.#disk) ?? this.#disk,
        clock: this.#clock,
        random: this.#random,
        directory: DIRECTORY,
        limits: LIMITS,
        verify: "active",
        sink: { appended: () => {}, refused: () => {} },
      })
      this.#core = core
      for (const { topic, partition, model } of this.#partitions) {
        wrongs.push(model.adopt(this.#readAll(topic, partition), core.range(topic, partition).durableEnd))
        wrongs.push(model.compare(this.#readAll(topic, partition)))
      }
    })
    const wrong = wrongs.find((line) => line !== null)
    if (refusal === null && wrong !== undefined) this.#broken(`damage went unnoticed: ${wrong}`)
    if (refusal !== null && refusal.code !== "log-corrupt") this.#broken(`damage was answered with ${refusal.code}`)
    this.#note(`damage: ${refusal?.code ?? "outside of what counts"}`)
  }
}
