/**
 * Shared memory for what the engine's thread hands to the others in the course of an epoch. They keep nothing
 * of it, so that the next epoch writes over it: fresh memory is paid for page by page, on every core.
 *
 *   chunk | used | used | free      chunk | used | free      (chunks that an epoch did without go)
 */
const CHUNK_BYTES = 1 << 22

export interface SharedMemory {
  readonly buffer: SharedArrayBuffer
  readonly at: number
}

export class EpochMemory {
  #chunks: SharedArrayBuffer[] = []
  #chunk = 0
  #at = 0

  /** @param sizeBytes a multiple of 8 */
  take(sizeBytes: number): SharedMemory {
    while (this.#chunk < this.#chunks.length) {
      const buffer = this.#chunks[this.#chunk]!
      const at = this.#at
      if (at + sizeBytes <= buffer.byteLength) {
        this.#at += sizeBytes
        return { buffer, at }
      }
      this.#chunk++
      this.#at = 0
    }
    this.#chunks.push(new SharedArrayBuffer(Math.max(sizeBytes, CHUNK_BYTES)))
    return this.take(sizeBytes)
  }

  /** Nobody reads any more what was taken. */
  reuse(): void {
    this.#chunks = this.#chunks.slice(0, this.#chunk + 1)
    this.#chunk = 0
    this.#at = 0
  }
}

/** Memory that stays with those who read it. */
export const freshMemory = (sizeBytes: number): SharedMemory => ({
  buffer: new SharedArrayBuffer(sizeBytes),
  at: 0,
})
