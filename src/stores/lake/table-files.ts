/**
 * The files of one table, and the order in which they become durable:
 *
 *   data files, manifests, manifest list   written under new names, synced, then their folders
 *   vN.metadata.json                       written aside, synced, linked to its name: that is the commit
 *   version-hint.text                      renamed into place; behind by a crash it is only a hint
 *
 * Names are never used twice, so whatever no metadata names is rubbish of a crash.
 */
import type { Disk, DiskFile } from "../../std/disk.ts"
import { commitConflict } from "./errors.ts"
import { dayText } from "./partition-spec.ts"
import { parseMetadata, type TableMetadata } from "./table-metadata.ts"

const DATA_FOLDER = "data"
const METADATA_FOLDER = "metadata"
const HINT = "version-hint.text"
const ASIDE = ".tmp"
const VERSION = /^v(\d+)\.metadata\.json$/
const DAY_FOLDER = "processed_at_day="

export class TableFiles {
  readonly disk: Disk
  /** Absolute. */
  readonly directory: string
  readonly #data: string
  readonly #metadata: string

  constructor(disk: Disk, directory: string) {
    this.disk = disk
    this.directory = directory
    this.#data = `${directory}/${DATA_FOLDER}`
    this.#metadata = `${directory}/${METADATA_FOLDER}`
  }

  /** The folders, durable. */
  create(): void {
    const parent = this.directory.slice(0, this.directory.lastIndexOf("/"))
    for (const [folder, above] of [
      [parent, parent.slice(0, parent.lastIndexOf("/"))],
      [this.directory, parent],
      [this.#data, this.directory],
      [this.#metadata, this.directory],
    ] as const) {
      if (!this.disk.isDirectory(folder)) this.disk.makeDirectory(folder)
      this.disk.syncDirectory(above)
    }
  }

  /** The newest version; null when there is none. What a crash left half done is finished. */
  readCurrent(): { version: number; metadata: TableMetadata } | null {
    const versions = this.#versions()
    const version = versions.at(-1)
    if (version === undefined) return null
    const path = this.metadataPath(version)
    const metadata = parseMetadata(path, this.read(path))
    // A commit whose folder could not be synced counts from now on, so it has to be there after a crash.
    this.disk.syncDirectory(this.#metadata)
    return { version, metadata }
  }

  metadataPath(version: number): string {
    return `${this.#metadata}/v${version}.metadata.json`
  }

  /** Where a path of the metadata lies, also when the folder was moved since. */
  local(path: string): string {
    const data = path.lastIndexOf(`/${DATA_FOLDER}/${DAY_FOLDER}`)
    const at = data >= 0 ? data : path.lastIndexOf(`/${METADATA_FOLDER}/`)
    return this.directory + path.slice(at)
  }

  /** A new data file, open; its path. */
  openDataFile(day: number, name: string): { path: string; file: DiskFile } {
    const folder = `${this.#data}/${DAY_FOLDER}${dayText(day)}`
    if (!this.disk.isDirectory(folder)) {
      this.disk.makeDirectory(folder)
      this.disk.syncDirectory(this.#data)
    }
    const path = `${folder}/${name}.parquet`
    return { path, file: this.disk.open(path, { create: true }) }
  }

  /** Contents and name are durable when it returns. */
  sealDataFile(path: string, file: DiskFile): void {
    try {
      file.sync()
    } finally {
      file.close()
    }
    this.disk.syncDirectory(path.slice(0, path.lastIndexOf("/")))
  }

  /** A manifest or manifest list; durable with the folder's next sync. Returns its path. */
  writeMetadataFile(name: string, bytes: Uint8Array): string {
    const path = `${this.#metadata}/${name}`
    this.#write(path, bytes)
    return path
  }

  /** The commit. @throws PlatformError lake-commit-conflict when the version is there already */
  commit(version: number, metadata: TableMetadata): void {
    const path = this.metadataPath(version)
    if (this.disk.exists(path)) throw commitConflict(path)
    this.disk.syncDirectory(this.#metadata)
    const aside = `${path}${ASIDE}`
    this.disk.remove(aside)
    this.#write(aside, Buffer.from(JSON.stringify(metadata)))
    this.disk.link(aside, path)
    this.disk.syncDirectory(this.#metadata)
    this.disk.remove(aside)
    this.hint(version)
  }

  hint(version: number): void {
    const path = `${this.#metadata}/${HINT}`
    const text = Buffer.from(String(version))
    if (this.disk.exists(path) && text.equals(this.read(path))) return
    const aside = `${path}${ASIDE}`
    this.disk.remove(aside)
    this.#write(aside, text)
    this.disk.rename(aside, path)
    this.disk.syncDirectory(this.#metadata)
  }

  read(path: string): Uint8Array {
    const file = this.disk.open(path, { readOnly: true })
    try {
      const bytes = new Uint8Array(file.sizeBytes())
      file.read(bytes, 0)
      return bytes
    } finally {
      file.close()
    }
  }

  /** Files that `isReferenced` does not know, metadata versions of `keepFrom` and newer left out. */
  others(options: { isReferenced: (path: string) => boolean; keepFrom: number }): string[] {
    const { disk } = this
    const data = disk
      .list(this.#data)
      .flatMap((folder) =>
        disk.list(`${this.#data}/${folder}`).map((name) => `${this.#data}/${folder}/${name}`),
      )
    const metadata = disk.list(this.#metadata).flatMap((name) => {
      const version = VERSION.exec(name)?.[1]
      const isKept = version === undefined ? name === HINT : Number(version) >= options.keepFrom
      return isKept ? [] : [`${this.#metadata}/${name}`]
    })
    return [...data, ...metadata].filter((path) => !options.isReferenced(path))
  }

  removeMetadataBefore(version: number): void {
    for (const old of this.#versions()) if (old < version) this.disk.remove(this.metadataPath(old))
  }

  #versions(): number[] {
    return this.disk
      .list(this.#metadata)
      .flatMap((name) => {
        const version = VERSION.exec(name)?.[1]
        return version === undefined ? [] : [Number(version)]
      })
      .sort((a, b) => a - b)
  }

  #write(path: string, bytes: Uint8Array): void {
    const file = this.disk.open(path, { create: true })
    try {
      file.write(bytes, 0)
      file.sync()
    } finally {
      file.close()
    }
  }
}
