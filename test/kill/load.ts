/**
 * The load: posts of both events at a steady rate, some sent twice, and a record of what was acknowledged.
 * While the platform lives each post has to be answered with 200, whatever happens to the store; only
 * `overloaded` is an answer, too, and is counted.
 */
import { setTimeout as wait } from "node:timers/promises"
import type { SeededRandom } from "../../src/std/random.ts"
import { bodyOf, type EventName, invalidRows, ROWS_PER_POST } from "./rows.ts"
import type { Victim } from "./victim.ts"

/** 20,000 rows a second, of which some 6,000 are readings. */
const POSTS_PER_SECOND: Readonly<Record<EventName, number>> = { tick: 70, reading: 30 }
const TICK_MS = 5
/** So often a post of readings is sent again, an old one or the newest: once in so many ticks. */
const AGAIN_ONE_IN = 40

export interface Refusal {
  readonly event: EventName
  readonly post: number
  readonly why: string
}

export class Load {
  readonly acknowledged: Readonly<Record<EventName, Set<number>>> = { tick: new Set(), reading: new Set() }
  /** Posts that were begun; their rows may be in the log or not. */
  readonly begun: Record<EventName, number> = { tick: 0, reading: 0 }
  /** How often each dead letter has to be there at least. */
  readonly letters = new Map<number, number>()
  readonly refusals: Refusal[] = []
  overloaded = 0
  repeatedPosts = 0
  /** Rows that the door knew. */
  duplicates = 0
  longestMs = 0
  /** Among the posts that were under way when only the store died, or came within a second of it. */
  longestWithoutStoreMs = 0
  readonly #random: SeededRandom
  #storeDiedMs = Number.NEGATIVE_INFINITY

  constructor(random: SeededRandom) {
    this.#random = random
  }

  /** From now on the store is away, and nobody may notice at the door. */
  noteStoreDeath(): void {
    this.#storeDiedMs = performance.now()
  }

  /** Posts for so long, then does what comes last, and waits for every answer. */
  async during(victim: Victim, lifeMs: number, last: () => Promise<void>): Promise<void> {
    const startedMs = performance.now()
    const first = { ...this.begun }
    const pending: Promise<void>[] = []
    let isOver = false
    const ending = wait(lifeMs).then(last)
    const over = ending.finally(() => {
      isOver = true
    })
    over.catch(() => {})
    while (!isOver) {
      const seconds = (performance.now() - startedMs) / 1000
      for (const event of ["tick", "reading"] as const) {
        const due = first[event] + seconds * POSTS_PER_SECOND[event]
        while (this.begun[event] < due) pending.push(this.#send(victim, event, this.begun[event]++))
      }
      if (this.begun.reading > 0 && this.#random.below(AGAIN_ONE_IN) === 0) {
        this.repeatedPosts++
        pending.push(this.#send(victim, "reading", this.#random.below(this.begun.reading)))
      }
      await wait(TICK_MS)
    }
    await ending
    await Promise.all(pending)
  }

  async #send(victim: Victim, event: EventName, post: number): Promise<void> {
    const startedMs = performance.now()
    const request = {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: bodyOf(event, post),
    }
    let why: string
    try {
      const response = await fetch(`${victim.url}/v1/events/${event}`, request)
      const text = await response.text()
      if (response.status === 429) {
        this.overloaded++
        return
      }
      if (response.status === 200) return this.#noteAnswer(event, post, text, startedMs)
      why = `${response.status} ${text}`
    } catch (error) {
      // The platform was killed before it answered: this post may be there or not, and nobody was promised
      // anything.
      if (victim.isKilled) return
      why = String((error as Error).cause ?? error)
    }
    this.refusals.push({ event, post, why })
  }

  #noteAnswer(event: EventName, post: number, text: string, startedMs: number): void {
    const answer = JSON.parse(text) as Readonly<Record<string, number>>
    const { accepted = 0, duplicates = 0, dead_lettered: deadLettered = 0 } = answer
    const invalid = event === "reading" ? invalidRows(post) : []
    if (accepted + duplicates + deadLettered !== ROWS_PER_POST || deadLettered !== invalid.length) {
      this.refusals.push({ event, post, why: text })
      return
    }
    this.duplicates += duplicates
    const endedMs = performance.now()
    const tookMs = endedMs - startedMs
    this.longestMs = Math.max(this.longestMs, tookMs)
    if (this.#storeDiedMs <= endedMs && startedMs - this.#storeDiedMs < 1_000)
      this.longestWithoutStoreMs = Math.max(this.longestWithoutStoreMs, tookMs)
    this.acknowledged[event].add(post)
    for (const number of invalid) this.letters.set(number, (this.letters.get(number) ?? 0) + 1)
  }
}
