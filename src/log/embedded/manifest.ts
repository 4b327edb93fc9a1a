/**
 * The list of topics, with the fence of each, what holders need, and the log's identity: one line of JSON and
 * one with its CRC-32C, replaced as a whole (temporary file, sync, rename, sync of the folder).
 */
import { crc32c } from "@node-rs/crc32"
import type { Disk } from "../../std/disk.ts"
import type { Random } from "../../std/random.ts"
import { logCorrupt } from "../errors.ts"
import type { TopicInfo } from "../log.ts"

export interface ManifestTopic extends TopicInfo {
  /** Marks of partition p are in slot firstSlot + p. */
  readonly firstSlot: number
  /** Of the writer that opened the topic last; 0 when nobody has. */
  readonly fence: number
}

export interface Hold {
  readonly holder: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface Manifest {
  readonly format: 1
  readonly logId: string
  /** Masks group stamps. */
  readonly stampKey: number
  readonly topics: readonly ManifestTopic[]
  readonly holds: readonly Hold[]
}

/** "+" cannot begin a topic's name, so the log's own files never meet a topic's folder. */
export const MANIFEST_FILE = "+topics"

export function newManifest(random: Random): Manifest {
  return { format: 1, logId: randomId(random), stampKey: random.uint32(), topics: [], holds: [] }
}

/** 32 hex digits. */
export function randomId(random: Random): string {
  const bytes = new Uint8Array(16)
  random.fill(bytes)
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** Null when the log was never opened. @throws log-corrupt when the file is damaged. */
export function readManifest(disk: Disk, directory: string): Manifest | null {
  const path = `${directory}/${MANIFEST_FILE}`
  if (!disk.exists(path)) return null
  const file = disk.open(path, { readOnly: true })
  const bytes = new Uint8Array(file.sizeBytes())
  file.read(bytes, 0)
  file.close()
  const [body = "", crc = ""] = new TextDecoder().decode(bytes).split("\n")
  if (checksum(body) !== crc) {
    throw logCorrupt({ file: path, position: 0, offset: 0 }, "the list of topics does not match its checksum")
  }
  return JSON.parse(body) as Manifest
}

export function writeManifest(disk: Disk, directory: string, manifest: Manifest): void {
  const path = `${directory}/${MANIFEST_FILE}`
  const file = disk.open(`${path}.new`, { create: true })
  try {
    file.truncate(0)
    file.write(manifestFile(manifest), 0)
    file.sync()
  } finally {
    file.close()
  }
  disk.rename(`${path}.new`, path)
  disk.syncDirectory(directory)
}

/** What the file holds. */
export function manifestFile(manifest: Manifest): Uint8Array {
  const body = JSON.stringify(manifest)
  return new TextEncoder().encode(`${body}\n${checksum(body)}\n`)
}

function checksum(body: string): string {
  return crc32c(body).toString(16).padStart(8, "0")
}
