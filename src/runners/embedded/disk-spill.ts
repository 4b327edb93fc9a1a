/**
 * The file for state that memory has no room for. It is worth nothing to another process, since recovery has
 * checkpoints: what an earlier one left is removed at the start, and nothing is ever synced.
 */
import type { SpillFile } from "../../engine/state/spilled-pages.ts"
import type { Disk, DiskFile } from "../../std/disk.ts"
import { diskFailed } from "../../std/disk-errors.ts"

const NAME = "state.spill"

export class DiskSpill implements SpillFile, Disposable {
  readonly #disk: Disk
  readonly #directory: string
  /** Null until there is something to write: most projects never have. */
  #file: DiskFile | null = null

  constructor(disk: Disk, directory: string) {
    this.#disk = disk
    this.#directory = directory
    disk.remove(this.#path)
  }

  write(image: Uint8Array, at: number): void {
    this.#open().write(image, at)
  }

  read(target: Uint8Array, at: number): void {
    const bytes = this.#open().read(target, at)
    if (bytes !== target.length) throw diskFailed("read", this.#path, new Error(`${bytes} bytes are left`))
  }

  [Symbol.dispose](): void {
    if (this.#file === null) return
    this.#file.close()
    this.#disk.remove(this.#path)
  }

  get #path(): string {
    return `${this.#directory}/${NAME}`
  }

  #open(): DiskFile {
    if (this.#file === null) {
      this.#disk.makeDirectory(this.#directory)
      this.#file = this.#disk.open(this.#path, { create: true })
    }
    return this.#file
  }
}
