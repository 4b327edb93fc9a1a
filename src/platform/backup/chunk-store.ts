/**
 * Pieces of files, named by what they hold: the SHA-256 of their bytes. A piece that is there is never
 * written again, so a file that grew costs its new end only.
 */
import { createHash } from "node:crypto"
import type { Disk, DiskFile } from "../../std/disk.ts"
import { backupDamaged } from "./errors.ts"

/** Small enough that a file that grows shares all but its last piece, large enough to be few. */
export const CHUNK_BYTES = 1024 * 1024

const CHUNK_NAME = /^[0-9a-f]{64}$/

export class ChunkStore {
  readonly #disk: Disk
  readonly #directory: string
  /** Folders that got a name that is not durable yet. */
  readonly #touched = new Set<string>()

  /** @param directory made when it is missing */
  constructor(disk: Disk, directory: string) {
    this.#disk = disk
    this.#directory = directory
    disk.makeDirectory(directory)
  }

  /** The piece's name, and whether it was new. Durable after `sync`. */
  put(bytes: Uint8Array): { readonly name: string; readonly isNew: boolean } {
    const name = hashOf(bytes)
    const path = this.#pathOf(name)
    if (this.#disk.exists(path)) return { name, isNew: false }
    const folder = path.slice(0, path.lastIndexOf("/"))
    this.#disk.makeDirectory(folder)
    const file = this.#disk.open(`${path}.writing`, { create: true })
    try {
      file.truncate(0)
      file.write(bytes, 0)
      file.sync()
    } finally {
      file.close()
    }
    this.#disk.rename(`${path}.writing`, path)
    this.#touched.add(folder)
    return { name, isNew: true }
  }

  /** Makes the names of all new pieces durable. */
  sync(): void {
    for (const folder of this.#touched) this.#disk.syncDirectory(folder)
    this.#touched.clear()
    this.#disk.syncDirectory(this.#directory)
  }

  /** @throws backup-damaged when it is missing or holds something else */
  get(name: string): Uint8Array {
    const path = this.#pathOf(name)
    if (!this.#disk.exists(path)) throw backupDamaged(path, "it is missing")
    const file = this.#disk.open(path, { readOnly: true })
    const bytes = readWhole(file)
    if (hashOf(bytes) !== name) throw backupDamaged(path, "it does not hold what its name says")
    return bytes
  }

  /** Removes every piece but these, and what was left half-written. Returns the bytes that are free now. */
  keepOnly(names: ReadonlySet<string>): number {
    let freed = 0
    for (const folder of this.#disk.list(this.#directory)) {
      for (const name of this.#disk.list(`${this.#directory}/${folder}`)) {
        if (CHUNK_NAME.test(name) && names.has(name)) continue
        const path = `${this.#directory}/${folder}/${name}`
        const file = this.#disk.open(path, { readOnly: true })
        freed += file.sizeBytes()
        file.close()
        this.#disk.remove(path)
      }
    }
    return freed
  }

  #pathOf(name: string): string {
    return `${this.#directory}/${name.slice(0, 2)}/${name}`
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex")
}

function readWhole(file: DiskFile): Uint8Array {
  try {
    const bytes = new Uint8Array(file.sizeBytes())
    file.read(bytes, 0)
    return bytes
  } finally {
    file.close()
  }
}
