/**
 * The memory that request bodies may take together. Each request holds a lease from its first byte until its
 * rows are durable; when the sum would pass the limit the request is refused with 429 instead of growing the
 * heap.
 */
import { assert } from "../../std/assert.ts"
import { tooManyBodies } from "../errors.ts"

export class BodyBudget {
  readonly limitBytes: number
  #usedBytes = 0

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  lease(): BodyLease {
    return new BodyLease(this)
  }

  /** @throws overloaded */
  take(bytes: number): void {
    if (this.#usedBytes + bytes > this.limitBytes) throw tooManyBodies(this.limitBytes)
    this.#usedBytes += bytes
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes
    assert(this.#usedBytes >= 0, "no more bytes are given back than were taken")
  }
}

export class BodyLease implements Disposable {
  readonly #budget: BodyBudget
  #bytes = 0
  #open = true

  constructor(budget: BodyBudget) {
    this.#budget = budget
  }

  /** @throws overloaded */
  grow(bytes: number): void {
    if (!this.#open) return
    this.#budget.take(bytes)
    this.#bytes += bytes
  }

  [Symbol.dispose](): void {
    if (!this.#open) return
    this.#open = false
    this.#budget.give(this.#bytes)
  }
}
