/**
 * A folder of backups: of one platform, many of them, sharing the pieces of files that they have in common.
 * A backup is there when its own file is; that file is written last and whole.
 */
import { createHash } from "node:crypto"
import { dirname } from "node:path"
import type { Disk } from "../../std/disk.ts"
import { ChunkStore } from "./chunk-store.ts"
import { backupDamaged, backupRefused, unknownBackup } from "./errors.ts"

const MARK = "millrace-backups.json"
const ID = /^\d{8}T\d{6}Z(-\d+)?$/
const FORMAT = 1

export interface BackedUpFile {
  /** Below the data directory. */
  readonly path: string
  readonly sizeBytes: number
  /** Names of its pieces, in order. */
  readonly chunks: readonly string[]
}

export interface Backup {
  readonly format: typeof FORMAT
  /** Time at which it was taken, such as 20261127T194935Z. */
  readonly id: string
  readonly takenAtMs: number
  readonly project: string
  /** Of the platform that took it. */
  readonly version: string
  readonly logId: string
  readonly files: readonly BackedUpFile[]
}

export class BackupFolder {
  readonly path: string
  readonly chunks: ChunkStore
  readonly #disk: Disk

  private constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.path = path
    this.chunks = new ChunkStore(disk, `${path}/chunks`)
  }

  /**
   * Opens the folder for the backups of one log; makes it when it is missing or empty. @throws backup-refused
   */
  static forLog(disk: Disk, path: string, logId: string): BackupFolder {
    const mark = readMark(disk, path)
    if (mark === null) {
      const [other] = disk.list(path)
      if (other !== undefined) {
        throw backupRefused(path, `it holds ${other} and is no folder of backups; name an empty one`)
      }
      disk.makeDirectory(path)
      disk.syncDirectory(dirname(path))
      writeSynced(disk, path, MARK, { format: FORMAT, logId })
    } else if (mark.logId !== logId) {
      throw backupRefused(path, "it holds the backups of another platform; name another folder")
    }
    disk.makeDirectory(`${path}/backups`)
    const folder = new BackupFolder(disk, path)
    disk.syncDirectory(path)
    return folder
  }

  /** Opens a folder that has backups. @throws backup-refused */
  static existing(disk: Disk, path: string): BackupFolder {
    if (readMark(disk, path) === null) throw backupRefused(path, "it is no folder of backups")
    return new BackupFolder(disk, path)
  }

  /** Oldest first. */
  ids(): readonly string[] {
    return this.#disk
      .list(`${this.path}/backups`)
      .flatMap((name) => (name.endsWith(".json") && ID.test(name.slice(0, -5)) ? [name.slice(0, -5)] : []))
      .sort((a, b) => orderOf(a).localeCompare(orderOf(b)))
  }

  /** @param id null: the newest. @throws unknown-backup, backup-damaged */
  read(id: string | null): Backup {
    const ids = this.ids()
    const wanted = id ?? ids.at(-1)
    if (wanted === undefined || !ids.includes(wanted)) throw unknownBackup(this.path, id, ids)
    return readSigned(this.#disk, `${this.path}/backups/${wanted}.json`) as Backup
  }

  /**
   * A name for a backup that is taken now, behind all others: by a number within a second, or when the clock
   * was set back.
   */
  newId(nowMs: number): string {
    const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, "")
    const [lastTime = "", lastNumber = "1"] = this.ids().at(-1)?.split("-") ?? []
    return time > lastTime ? time : `${lastTime}-${Number(lastNumber) + 1}`
  }

  /** From now on the backup is there. */
  add(backup: Backup): void {
    writeSynced(this.#disk, `${this.path}/backups`, `${backup.id}.json`, backup)
  }

  /** Removes all backups but the newest `count`, and the pieces that only they had. */
  keepNewest(count: number): readonly string[] {
    const ids = this.ids()
    const removed = ids.slice(0, Math.max(0, ids.length - count))
    for (const id of removed) this.#disk.remove(`${this.path}/backups/${id}.json`)
    if (removed.length === 0) return []
    // Names first: a backup must not be there without its pieces.
    this.#disk.syncDirectory(`${this.path}/backups`)
    const kept = this.ids().flatMap((id) => this.read(id).files.flatMap(({ chunks }) => chunks))
    this.chunks.keepOnly(new Set(kept))
    return removed
  }
}

/** The number behind a time counts as a number. */
function orderOf(id: string): string {
  const [time = "", number = "1"] = id.split("-")
  return `${time}-${number.padStart(6, "0")}`
}

function readMark(disk: Disk, path: string): { readonly logId: string } | null {
  if (!disk.exists(`${path}/${MARK}`)) return null
  return readSigned(disk, `${path}/${MARK}`) as { readonly logId: string }
}

/** One line of JSON and one with its hash. */
function readSigned(disk: Disk, path: string): unknown {
  const file = disk.open(path, { readOnly: true })
  const bytes = new Uint8Array(file.sizeBytes())
  file.read(bytes, 0)
  file.close()
  const [body = "", hash = ""] = new TextDecoder().decode(bytes).split("\n")
  if (hashOf(body) !== hash) throw backupDamaged(path, "it does not match its checksum")
  const value = JSON.parse(body) as { readonly format: number }
  if (value.format !== FORMAT) throw backupDamaged(path, `its format is ${value.format}, not ${FORMAT}`)
  return value
}

function writeSynced(disk: Disk, directory: string, name: string, value: object): void {
  const path = `${directory}/${name}`
  const body = JSON.stringify(value)
  const file = disk.open(`${path}.writing`, { create: true })
  try {
    file.truncate(0)
    file.write(new TextEncoder().encode(`${body}\n${hashOf(body)}\n`), 0)
    file.sync()
  } finally {
    file.close()
  }
  disk.rename(`${path}.writing`, path)
  disk.syncDirectory(directory)
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}
