/**
 * A seeded life of the embedded log on a simulated disk: appends, reads, fences, holds, retention,
 * compaction, crashes in the middle of anything, failed syncs, full disks, damaged files; after each of them
 * the log is compared with a plain model. The same seed gives the same trace. A broken law throws LawBroken
 * with the seed.
 */
import { LawBroken, type LogSimulationOptions, LogWorld, type SimPartition } from "./log-world.ts"
import { SimCrash } from "./sim-disk.ts"

export interface LogSimulation {
  /** One line per step: what was done and what came of it. */
  readonly trace: readonly string[]
  readonly restarts: number
}

export function simulateLog(seed: number, options: LogSimulationOptions = {}): LogSimulation {
  const world = new LogWorld(seed, options)
  try {
    new LogLife(world).run(options.steps ?? 60)
  } catch (error) {
    if (error instanceof LawBroken) throw error
    world.broken(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  return { trace: world.trace, restarts: world.restarts }
}

class LogLife {
  readonly #world: LogWorld
  #ticket = 0
  /** Of each topic: the newest writer's fence. */
  readonly #fences = new Map<string, number>()
  /** Topics of which a writer was asked for in vain: the fence may have risen all the same. */
  readonly #unsureFences = new Set<string>()
  readonly #holds = new Map<string, number>()

  constructor(world: LogWorld) {
    this.#world = world
  }

  run(steps: number): void {
    this.#world.disk.slowMs = this.#below(3)
    this.#world.restart()
    for (let step = 0; step < steps; step++) {
      // Sometimes several at once: what one leaves behind, the next one meets.
      while (this.#below(5) === 0) this.#planFault()
      this.#guarded(() => this.#step())
    }
    this.#world.disk.heal()
    this.#world.power(this.#below(2) === 0)
    this.#world.restart()
  }

  #below(bound: number): number {
    return this.#world.random.below(bound)
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T
  }

  /** Has more than the others: segments close, expire, and are held. */
  get #first(): SimPartition {
    return this.#world.partitions[0] as SimPartition
  }

  #planFault(): void {
    const fault = this.#below(3)
    const count = 1 + this.#below(8)
    if (fault === 0) this.#world.disk.crashAfter(count * 2)
    else if (fault === 1) this.#world.disk.failSyncs(1 + this.#below(3), this.#below(2) * this.#below(8))
    else this.#world.disk.fillAfter(count)
    this.#world.note(`plan ${["crash", "failed syncs", "full disk"][fault]} ${count}`)
  }

  /** Runs a step; a simulated crash in it ends in a restart. */
  #guarded(step: () => void): void {
    try {
      step()
    } catch (error) {
      if (!(error instanceof SimCrash)) throw error
      this.#world.note("crash in the middle")
      this.#world.power(this.#below(3) > 0)
      this.#world.restart()
    }
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
    const target = this.#below(3) === 0 ? this.#first : this.#pick(this.#world.partitions)
    const { topic, partition } = target
    if (this.#unsureFences.has(topic)) {
      this.#openWriter(topic)
      return
    }
    const keys = target.model.isCompact ? ["a", "b", "c", "d"] : ["k", null, ""]
    const records = Array.from({ length: 1 + this.#below(4) }, (_, i) => ({
      key: this.#pick(keys),
      value: this.#below(8) === 0 ? null : `${this.#ticket}.${i} ${this.#filler()}`,
    }))
    const isFenced = target.model.isCompact || this.#fences.has(topic)
    const current = this.#fences.get(topic) ?? 0
    const fence = isFenced && this.#below(6) === 0 ? current - 1 : isFenced ? current : null
    const ticket = this.#ticket++
    this.#world.note(`append ${ticket} of ${records.length} to ${topic}/${partition}`)
    const refusal = this.#world.append({ ticket, topic, partition, fence }, target, records)
    const mustRefuse = isFenced && (fence !== current || current === 0)
    if (mustRefuse !== (refusal?.code === "writer-fenced"))
      this.#world.broken(`fence ${fence} where ${current} holds`)
  }

  /** Zeros among it: a payload that looks like a part of the disk that was never written. */
  #filler(): string {
    return this.#pick(["x", "\0", "yz"]).repeat(this.#pick([0, 20, 300, 1100]))
  }

  #commit(): void {
    this.#world.note(`commit ${this.#world.pendingCount}`)
    this.#world.core.commit()
    if (this.#world.pendingCount > 0) this.#world.broken("a commit left requests without an answer")
  }

  #check(): void {
    for (const { topic, partition, model } of this.#world.partitions) {
      const { begin, durableEnd } = this.#world.core.range(topic, partition)
      if (durableEnd !== model.end)
        this.#world.broken(`${topic}/${partition} ends at ${durableEnd}, not ${model.end}`)
      const held = this.#holds.get(`${topic}/${partition}`) ?? Infinity
      if (begin > model.begin && begin > held)
        this.#world.broken(`${topic}/${partition} begins at ${begin}, held ${held}`)
      model.begin = begin
      const wrong = model.compare(this.#world.readAll(topic, partition))
      if (wrong !== null) this.#world.broken(`${topic}/${partition}: ${wrong}`)
      const timeMs = this.#world.clock.nowMs() - this.#below(5000)
      const offset = this.#world.core.offsetAtTime(topic, partition, timeMs)
      if (!model.isCompact && offset !== model.offsetAtTime(timeMs))
        this.#world.broken(`wrong offset at time ${timeMs}`)
    }
    this.#world.note("checked")
  }

  #maintain(): void {
    this.#world.mayExpire = true
    // Mostly those of folders: the marks' own sync comes first.
    if (this.#below(4) === 0) this.#world.disk.failSyncs(1 + this.#below(3), this.#below(3))
    // Upkeep goes on after a failure, as it does in a server.
    for (let times = this.#below(3); times >= 0; times--) {
      const refusal = this.#world.attempt(() => {
        for (let round = 0; round < 20 && this.#world.core.maintain(); round++);
      })
      this.#world.note(`maintained ${refusal?.code ?? ""}`)
    }
    this.#check()
    this.#world.mayExpire = false
    if (this.#below(4) === 0) this.#stop()
  }

  #openWriter(topic: string): void {
    this.#unsureFences.add(topic)
    const current = this.#fences.get(topic) ?? 0
    let fence = 0
    const refusal = this.#world.attempt(() => {
      fence = this.#world.core.openWriter(topic)
    })
    this.#world.note(`writer of ${topic}: ${refusal?.code ?? fence}`)
    if (refusal !== null) return
    if (fence <= current) this.#world.broken(`fence ${fence} does not fence off ${current}`)
    this.#fences.set(topic, fence)
    this.#unsureFences.delete(topic)
  }

  #hold(): void {
    const { model } = this.#first
    const offset = Math.max(model.begin, model.end - this.#below(40))
    const refusal = this.#world.attempt(() => this.#world.core.hold("reader", "events", 0, offset))
    if (refusal === null) this.#holds.set("events/0", offset)
    this.#world.note(`hold ${offset} ${refusal?.code ?? ""}`)
  }

  #passTime(): void {
    const jump = this.#below(4) === 0 ? -this.#below(10_000) : this.#below(5000)
    this.#world.clock.skip(jump)
    this.#world.note(`time ${jump}`)
  }

  #stop(): void {
    const isClean = this.#below(3) === 0
    if (isClean) {
      this.#world.note("close")
      const refusal = this.#world.attempt(() => this.#world.core.close())
      if (refusal === null && this.#world.pendingCount > 0)
        this.#world.broken("closing left requests without an answer")
    }
    this.#world.power(this.#below(2) === 0)
    this.#world.restart()
  }

  /** Damages acknowledged bytes while the log is down: it must say so and change nothing. */
  #damage(): void {
    this.#world.disk.heal()
    this.#world.power(false)
    const files = this.#world.disk.files().filter((path) => path.endsWith(".log"))
    const path = files.length === 0 ? null : this.#pick(files)
    const position = path === null ? -1 : this.#placeOfDamage(this.#world.disk.contents(path))
    if (path !== null && position >= 0) this.#world.damage(path, position)
    this.#world.restart()
  }

  /** Some byte of the file that is not empty space; -1 when there is none. */
  #placeOfDamage(bytes: Uint8Array): number {
    let end = bytes.length
    while (end > 0 && bytes[end - 1] === 0) end--
    return end === 0 ? -1 : this.#below(end)
  }
}
