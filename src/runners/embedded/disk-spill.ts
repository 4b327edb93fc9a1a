/**
 * Files for state that memory has no room for, one for each part of the engine. They are worth nothing to
 * another process, since recovery has checkpoints: what an earlier one left is removed at the start, and
 * nothing is ever synced.
 */
import type { SpillFile } from "../../engine/state/spilled-pages.ts"
import type { Disk, DiskFile } from "../../std/disk.ts"
import { diskFailed } from "../../std/disk-errors.ts"

export class DiskSpill implements Disposable {
  readonly #disk: Disk
  readonly #directory: string
  #files: SpillFile[] = []
  #opened = 0

  /** @param directory of this process and nothing else: all in it is removed */
  constructor(disk: Disk, directory: string) {
    this.#disk = disk
    this.#directory = directory
    disk.removeTree(directory)
  }

  readonly openFile = (): SpillFile => {
    const file = new LazyFile(this.#disk, this.#directory, `state-${++this.#opened}.spill`)
    this.#files.push(file)
    return file
  }

  /** Closes what is open: the engine that it was for is not used again. */
  clear(): void {
    for (const file of this.#files) file[Symbol.dispose]()
    this.#files = []
  }

  [Symbol.dispose](): void {
    this.clear()
  }
}

/** Made when there is something to write: most projects never have. */
class LazyFile implements SpillFile {
  readonly #disk: Disk
  readonly #directory: string
  readonly #path: string
  #file: DiskFile | null = null

  constructor(disk: Disk, directory: string, name: string) {
    this.#disk = disk
    this.#directory = directory
    this.#path = `${directory}/${name}`
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
    this.#file = null
  }

  #open(): DiskFile {
    if (this.#file === null) {
      this.#disk.makeDirectory(this.#directory)
      this.#file = this.#disk.open(this.#path, { create: true })
    }
    return this.#file
  }
}
