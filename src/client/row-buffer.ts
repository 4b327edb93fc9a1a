/**
 * Room for the rows that wait or are under way, counted in rows and bytes. When it is full, further rows wait
 * in their order, at most as many as the room itself holds; or they are refused at once.
 */
import type { ProducerError } from "./errors.ts"
import { bufferFull, rowTooLarge } from "./errors.ts"

export interface RowBufferOptions {
  readonly maxRows: number
  readonly maxBytes: number
  readonly wait: boolean
}

interface Waiter {
  readonly sizeBytes: number
  readonly admitted: (error: ProducerError | null) => void
}

export class RowBuffer {
  readonly #options: RowBufferOptions
  readonly #waiters: Waiter[] = []
  #rows = 0
  #bytes = 0

  constructor(options: RowBufferOptions) {
    this.#options = options
  }

  /**
   * Calls `admitted` when there is room, at once when there is some now. @throws buffer-full, row-too-large
   */
  admit(event: string, sizeBytes: number, admitted: Waiter["admitted"]): void {
    const { maxBytes, maxRows, wait } = this.#options
    if (sizeBytes > maxBytes) throw rowTooLarge(event, sizeBytes, maxBytes)
    if (this.#waiters.length === 0 && this.#fits(sizeBytes)) {
      this.#take(sizeBytes)
      admitted(null)
      return
    }
    if (!wait || this.#waiters.length >= maxRows) throw bufferFull(this.#rows + this.#waiters.length)
    this.#waiters.push({ sizeBytes, admitted })
  }

  release(sizeBytes: number): void {
    this.#rows--
    this.#bytes -= sizeBytes
    while (this.#waiters[0] !== undefined && this.#fits(this.#waiters[0].sizeBytes)) {
      const waiter = this.#waiters.shift()!
      this.#take(waiter.sizeBytes)
      waiter.admitted(null)
    }
  }

  /** Nobody waits any longer. */
  close(error: ProducerError): void {
    for (const waiter of this.#waiters.splice(0)) waiter.admitted(error)
  }

  #fits(sizeBytes: number): boolean {
    return this.#rows < this.#options.maxRows && this.#bytes + sizeBytes <= this.#options.maxBytes
  }

  #take(sizeBytes: number): void {
    this.#rows++
    this.#bytes += sizeBytes
  }
}
