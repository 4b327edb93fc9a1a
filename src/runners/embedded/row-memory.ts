/**
 * The memory behind one request's rows: the body that slices point into, the decoder's columns. The door
 * holds it while it works, each slice in the intake until its epoch is out; the last holder's release frees
 * it. Where something fails on the way nobody releases, and the collector finds it some day.
 */
import { assert } from "../../std/assert.ts"
import { freeMemory } from "../../std/free-memory.ts"

export class RowMemory {
  readonly #buffers: ArrayBuffer[] = []
  #holders = 1

  /** Freed with the rest; nobody but holders reads it. */
  add(buffer: ArrayBuffer): void {
    assert(this.#holders > 0, "memory that was freed takes nothing more")
    this.#buffers.push(buffer)
  }

  /** One more holder, who will release once. */
  hold(): this {
    assert(this.#holders > 0, "memory that was freed has no new holder")
    this.#holders++
    return this
  }

  release(): void {
    assert(this.#holders > 0, "each holder releases once")
    if (--this.#holders > 0) return
    for (const buffer of this.#buffers) freeMemory(buffer)
  }
}
