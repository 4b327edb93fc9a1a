/**
 * A ring of frames in shared memory from one producing thread to one consuming thread. A frame lies in one
 * piece, begins at a multiple of 8, and is seen by the consumer as a whole or not at all.
 *
 *   control: [ head, tail ] bytes ever published / ever released, modulo 2^32
 *   frame:   [ payload bytes UINT32, kind UINT32, payload, padding to 8 ]; kind SKIP fills the ring's end
 */
import { assert } from "../assert.ts"

const HEAD = 0
const TAIL = 1
const CONTROL_BYTES = 64
const FRAME_HEADER_BYTES = 8
const SKIP = 0xffffffff

export interface Frame {
  /** What the producer called it; any number below 2^32 - 1. */
  readonly kind: number
  /** Where the payload is in `bytes`. */
  readonly start: number
  readonly length: number
}

export class SharedRing {
  /** What the other thread makes its own ring from. */
  readonly memory: SharedArrayBuffer
  /** The frames' memory. */
  readonly bytes: Uint8Array<SharedArrayBuffer>
  readonly #control: Int32Array<SharedArrayBuffer>
  readonly #words: Uint32Array<SharedArrayBuffer>
  readonly #capacity: number
  /** Of the frame that is being written or read; a frame that did not fit before the end begins at 0. */
  #pending = 0

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.#control = new Int32Array(memory, 0, 2)
    this.#capacity = memory.byteLength - CONTROL_BYTES
    this.bytes = new Uint8Array(memory, CONTROL_BYTES)
    this.#words = new Uint32Array(memory, CONTROL_BYTES)
  }

  /** A ring that holds at least `capacityBytes`: a power of two, so that counts may wrap. */
  static create(capacityBytes: number): SharedRing {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(64, capacityBytes)))
    assert(capacity <= 2 ** 30, "a ring has at most 1 GiB")
    return new SharedRing(new SharedArrayBuffer(CONTROL_BYTES + capacity))
  }

  /** The longest payload that a ring of this size is sure to take when it is empty. */
  get longestPayload(): number {
    return this.#capacity / 2 - FRAME_HEADER_BYTES
  }

  /** Producer: makes room for a payload and returns where it begins in `bytes`; -1 when there is none. */
  reserve(length: number): number {
    assert(length <= this.longestPayload, "a payload is at most half of the ring")
    const head = Atomics.load(this.#control, HEAD) >>> 0
    const used = (head - Atomics.load(this.#control, TAIL)) >>> 0
    const size = frameSize(length)
    const at = head % this.#capacity
    const toEnd = this.#capacity - at
    const skipped = size > toEnd ? toEnd : 0
    if (used + skipped + size > this.#capacity) return -1
    if (skipped > 0) this.#words[at / 4 + 1] = SKIP
    const start = skipped > 0 ? 0 : at
    this.#words[start / 4] = length
    this.#pending = skipped + size
    return start + FRAME_HEADER_BYTES
  }

  /** Producer: shows the frame whose payload begins at `start` to the consumer, and wakes it. */
  publish(start: number, kind: number): void {
    this.#words[(start - FRAME_HEADER_BYTES) / 4 + 1] = kind
    Atomics.add(this.#control, HEAD, this.#pending)
    Atomics.notify(this.#control, HEAD)
  }

  /** Consumer: the oldest frame, or null. It stays until `release`. */
  peek(): Frame | null {
    const head = Atomics.load(this.#control, HEAD) >>> 0
    const tail = Atomics.load(this.#control, TAIL) >>> 0
    if (head === tail) return null
    const at = tail % this.#capacity
    const skipped = this.#words[at / 4 + 1] === SKIP ? this.#capacity - at : 0
    const start = skipped > 0 ? 0 : at
    const length = this.#words[start / 4] as number
    this.#pending = skipped + frameSize(length)
    return { kind: this.#words[start / 4 + 1] as number, start: start + FRAME_HEADER_BYTES, length }
  }

  /** Consumer: gives the room of the frame that `peek` returned back to the producer. */
  release(): void {
    Atomics.add(this.#control, TAIL, this.#pending)
  }

  /** Consumer: sleeps until there is a frame, at most `timeoutMs`. */
  wait(timeoutMs: number): void {
    const head = Atomics.load(this.#control, HEAD)
    if (head !== Atomics.load(this.#control, TAIL)) return
    Atomics.wait(this.#control, HEAD, head, timeoutMs)
  }
}

function frameSize(length: number): number {
  return FRAME_HEADER_BYTES + Math.ceil(length / 8) * 8
}
