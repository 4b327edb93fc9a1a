/**
 * A file that is written from its begin to its end. What is appended is collected, and written where the
 * caller has time for it, outside of its thread where the disk can do that.
 */
import type { Disk, DiskFile } from "../../../std/disk.ts"

const FIRST_BUFFER_BYTES = 64 * 1024

export class BufferedFile {
  readonly path: string
  readonly #file: DiskFile
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES)
  #pending = 0
  #written = 0
  #isClosed = false

  constructor(disk: Disk, path: string) {
    this.path = path
    this.#file = disk.open(path, { create: true })
    this.#file.truncate(0)
  }

  /** Also of what is not written yet. */
  get sizeBytes(): number {
    return this.#written + this.#pending
  }

  append(bytes: Uint8Array): void {
    if (this.#pending + bytes.length > this.#buffer.length) {
      const wider = new Uint8Array(Math.max(this.#pending + bytes.length, this.#buffer.length * 2))
      wider.set(this.#buffer.subarray(0, this.#pending))
      this.#buffer = wider
    }
    this.#buffer.set(bytes, this.#pending)
    this.#pending += bytes.length
  }

  /** Nothing may be appended until it resolves. */
  async flush(): Promise<void> {
    if (this.#pending === 0) return
    const bytes = this.#buffer.subarray(0, this.#pending)
    if (this.#file.writeAside === undefined) this.#file.write(bytes, this.#written)
    else await this.#file.writeAside(bytes, this.#written)
    this.#written += this.#pending
    this.#pending = 0
  }

  /** Everything is durable when it resolves. */
  async sync(): Promise<void> {
    await this.flush()
    if (this.#file.syncAside === undefined) this.#file.sync()
    else await this.#file.syncAside()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#file.close()
  }
}
