/**
 * Shared memory through which images of pages go from thread to thread, some at a time: a question for each
 * would cost more than its answer.
 *
 *   | image | image | image | … |      one behind the other, in the order of their marks or places
 */
const ROOM_BYTES = 1 << 20

export class ImageRoom {
  #memory = new SharedArrayBuffer(ROOM_BYTES)
  #end = 0

  get memory(): SharedArrayBuffer {
    return this.#memory
  }

  /** Where the next image goes; null: there is no room for it before all leave. */
  add(sizeBytes: number): Uint8Array | null {
    if (this.#end > 0 && this.#end + sizeBytes > this.#memory.byteLength) return null
    if (sizeBytes > this.#memory.byteLength) this.#memory = new SharedArrayBuffer(sizeBytes)
    const image = new Uint8Array(this.#memory, this.#end, sizeBytes)
    this.#end += sizeBytes
    return image
  }

  clear(): void {
    this.#end = 0
  }
}
