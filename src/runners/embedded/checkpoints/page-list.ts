/**
 * What a checkpoint says of its pages: the files that they are in, and in the order in which they are
 * captured the key of each and the hash that it has when everything is in place.
 *
 *   ~pages/files   JSON: numbers, sizes and checks of the files, oldest first; names and counts of the groups
 *   ~pages/list    page* = key:f64 hash:u64, little-endian
 */
import type { CheckpointPart } from "../../../engine/engine-checkpoint.ts"
import { checkpointCorrupt } from "../errors.ts"
import type { KnownPage } from "./known-pages.ts"
import type { PageFile, PageRecord } from "./page-file.ts"

const FILES = "~pages/files"
const LIST = "~pages/list"
const ENTRY_BYTES = 16
const FIRST_LIST_BYTES = 4_096

interface FilesPart {
  readonly files: readonly PageFile[]
  readonly groups: readonly (readonly [group: string, pages: number])[]
}

export interface ListedPage {
  readonly group: string
  readonly index: number
  readonly key: number
  readonly hash: PageRecord["hash"]
}

export interface PageList {
  readonly files: readonly PageFile[]
  readonly pages: readonly ListedPage[]
}

export function isPageListPart(name: string): boolean {
  return name === FILES || name === LIST
}

/** Takes the pages one by one, in their order. */
export class PageListWriter {
  readonly #groups = new Map<string, number>()
  #list = new DataView(new ArrayBuffer(FIRST_LIST_BYTES))
  #count = 0

  add(group: string, { key, hash }: KnownPage): void {
    const at = this.#count * ENTRY_BYTES
    if (at + ENTRY_BYTES > this.#list.byteLength) {
      const wider = new Uint8Array(this.#list.byteLength * 2)
      wider.set(new Uint8Array(this.#list.buffer))
      this.#list = new DataView(wider.buffer)
    }
    this.#list.setFloat64(at, key, true)
    this.#list.setInt32(at + 8, hash.low, true)
    this.#list.setInt32(at + 12, hash.high, true)
    this.#groups.set(group, (this.#groups.get(group) ?? 0) + 1)
    this.#count++
  }

  parts(files: readonly PageFile[]): CheckpointPart[] {
    const part: FilesPart = { files, groups: [...this.#groups] }
    return [
      { name: FILES, bytes: Buffer.from(JSON.stringify(part)) },
      { name: LIST, bytes: new Uint8Array(this.#list.buffer, 0, this.#count * ENTRY_BYTES) },
    ]
  }
}

/** @throws checkpoint-corrupt */
export function readPageList(parts: Iterable<CheckpointPart>, path: string): PageList {
  const byName = new Map<string, Uint8Array>()
  for (const { name, bytes } of parts) if (isPageListPart(name)) byName.set(name, bytes)
  const [files, list] = [byName.get(FILES), byName.get(LIST)]
  if (files === undefined || list === undefined) throw checkpointCorrupt(path, "it has no list of pages")
  const part = JSON.parse(Buffer.from(files).toString("utf8")) as FilesPart
  const bytes = Buffer.from(list.buffer, list.byteOffset, list.length)
  const pages: ListedPage[] = []
  for (const [group, count] of part.groups) {
    for (let index = 0; index < count; index++) {
      const at = pages.length * ENTRY_BYTES
      const hash = { low: bytes.readInt32LE(at + 8), high: bytes.readInt32LE(at + 12) }
      pages.push({ group, index, key: bytes.readDoubleLE(at), hash })
    }
  }
  return { files: part.files, pages }
}
