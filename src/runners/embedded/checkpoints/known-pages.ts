/**
 * Which pages the newest durable checkpoint has, and where: what the next one need not write.
 *
 *   file 3   | page A | page B | page C |            A = its whole page in 3
 *   file 4            | B: 2 blocks |                B = its whole page in 3, then blocks of 4 and 5
 *   file 5   | page C | B: 1 block  |                C = its whole page in 5: that of 3 is dead
 *
 * A page is written whole when it is new or when its blocks would take more than a share of it. That bounds
 * what a restart reads. New pages of one file have a share in common, and those of another file another one:
 * pages that change alike come to it together, so that their old file is dead as a whole, and not all files
 * at the same time. Where files hold much that is dead all the same, the pages that they are still needed for
 * are written whole, too.
 */
import type { PageMark } from "../../../engine/engine-checkpoint.ts"
import { assert } from "../../../std/assert.ts"
import { blankHashes, blockCount, pageHash, updateHashes } from "./page-blocks.ts"
import { type PageFile, type PageRecord, recordBytes } from "./page-file.ts"

/** Blocks of a page take at most this share of it before it is written whole. */
const BLOCKS_SHARE = 0.75
/** Files are spread over shares from this one on. */
const LEAST_SHARE = 0.05
/** One after the other, these parts of 1 lie far apart (Weyl). */
const GOLDEN = 0.6180339887498949
/**
 * Files may have this many times the bytes of the pages themselves; beyond it those that are mostly dead go.
 */
const MOST_BYTES = 2
/** Where that does not help, because little of each file is dead, everything is written anew. */
const MOST_BYTES_EVER = 2.5
/** More would make a restart open and a directory list too many; where little changes, files are tiny. */
const MOST_FILES = 256

interface Patch {
  readonly file: number
  readonly bytes: number
}

/** A page as a durable checkpoint has it. */
export interface KnownPage {
  readonly key: number
  readonly sizeBytes: number
  readonly hash: PageRecord["hash"]
  /** Of its blocks; null when an attempt that failed has changed them. */
  hashes: Int32Array | null
  readonly whole: Patch
  /** In files behind that of the whole page, in their order. */
  readonly patches: readonly Patch[]
  /** Bytes that patches may take. */
  readonly mostPatches: number
}

export interface KnownPages {
  /** In the order in which they are captured. */
  readonly pages: ReadonlyMap<number, KnownPage>
  /** Those that its pages are in, oldest first. */
  readonly files: readonly PageFile[]
  /** Pages with a stamp up to it are as this checkpoint has them. */
  readonly generation: number
  /** Numbers of files that the next checkpoint does without. */
  readonly leaving: ReadonlySet<number>
}

export const NOTHING_KNOWN: KnownPages = {
  pages: new Map(),
  files: [],
  generation: -1,
  leaving: new Set(),
}

interface PlacedPage {
  readonly known: KnownPage
  readonly record: PageRecord | null
}

/** What one checkpoint does about each page. */
export class PageAttempt {
  readonly #before: KnownPages
  readonly #after = new KnownPagesBuilder()
  readonly #changed: KnownPage[] = []
  #blocks = new Uint8Array(0)

  constructor(before: KnownPages) {
    this.#before = before
  }

  /** True when the page need not be looked at. */
  isHeld({ key, stamp }: PageMark): boolean {
    const known = this.#before.pages.get(key)
    return known !== undefined && stamp <= this.#before.generation && !this.#leaves(known)
  }

  keep({ key }: PageMark): KnownPage {
    const known = this.#before.pages.get(key)
    assert(known !== undefined, "a page that is held is known")
    return this.#note(known)
  }

  /** What is to be written of a page to this file: nothing when it turns out to be as it was. */
  place({ key }: PageMark, image: Uint8Array, file: number): PlacedPage {
    const known = this.#before.pages.get(key)
    const hashes = known?.hashes ?? blankHashes(image.length)
    if (this.#blocks.length < blockCount(image.length))
      this.#blocks = new Uint8Array(blockCount(image.length))
    const blocks = this.#blocks.subarray(0, blockCount(image.length))
    // From here on the hashes are those of this attempt.
    if (known !== undefined) this.#changed.push(known)
    const changed = updateHashes(image, hashes, blocks)
    const canPatch = known !== undefined && known.hashes !== null && !this.#leaves(known)
    if (canPatch && changed === 0) {
      return { known: this.#note(known), record: null }
    }
    const hash = pageHash(hashes)
    const bytes = recordBytes(image.length, changed)
    if (canPatch && patchBytes(known) + bytes <= known.mostPatches) {
      const patches = [...known.patches, { file, bytes }]
      return { known: this.#note({ ...known, hash, hashes, patches }), record: { key, hash, image, blocks } }
    }
    const whole = { file, bytes: recordBytes(image.length, blocks.length) }
    const mostPatches = known === undefined ? firstShare(file) * image.length : BLOCKS_SHARE * image.length
    const page = { key, sizeBytes: image.length, hash, hashes, whole, patches: [], mostPatches }
    return { known: this.#note(page), record: { key, hash, image, blocks: null } }
  }

  /** The attempt came to nothing: blocks that it looked at have to be written again. */
  abandon(): void {
    for (const known of this.#changed) known.hashes = null
  }

  /** What is known when the attempt is durable, with the files that it wrote. */
  finish(generation: number, written: readonly PageFile[]): KnownPages {
    return this.#after.build([...this.#before.files, ...written], generation)
  }

  #leaves({ whole, patches }: KnownPage): boolean {
    const { leaving } = this.#before
    return leaving.size > 0 && (leaving.has(whole.file) || patches.some(({ file }) => leaving.has(file)))
  }

  #note(page: KnownPage): KnownPage {
    this.#after.add(page)
    return page
  }
}

/** What is known of pages that are told one by one: at the end there is little left to do. */
export class KnownPagesBuilder {
  readonly #pages = new Map<number, KnownPage>()
  /** By file, the bytes of the pages that would have to be written anew without it. */
  readonly #anew = new Map<number, number>()
  #stateBytes = 0

  add(page: KnownPage): void {
    assert(!this.#pages.has(page.key), "a page is in a checkpoint once")
    this.#pages.set(page.key, page)
    this.#stateBytes += page.sizeBytes
    this.#addFile(page.whole, page.sizeBytes)
    for (const patch of page.patches) this.#addFile(patch, page.sizeBytes)
  }

  /** @param files those that the pages may be in, oldest first; the others are left out. */
  build(files: readonly PageFile[], generation: number): KnownPages {
    const kept = files.filter(({ number }) => this.#anew.has(number))
    return { pages: this.#pages, files: kept, generation, leaving: this.#leaving(kept) }
  }

  #addFile({ file }: Patch, sizeBytes: number): void {
    this.#anew.set(file, (this.#anew.get(file) ?? 0) + sizeBytes)
  }

  /** The mostly dead files without which the rest is small enough. */
  #leaving(files: readonly PageFile[]): Set<number> {
    const anew = (number: number) => this.#anew.get(number) ?? 0
    let total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const gains = files
      .map(({ number, sizeBytes }) => ({ number, gain: sizeBytes - anew(number) }))
      .sort((a, b) => b.gain - a.gain)
    const leaving = new Set<number>()
    for (const { number, gain } of gains) {
      if (total <= MOST_BYTES * this.#stateBytes || gain <= 0) break
      leaving.add(number)
      total -= gain
    }
    if (total > MOST_BYTES_EVER * this.#stateBytes) return new Set(files.map(({ number }) => number))
    const cheap = files.map(({ number }) => number).sort((a, b) => anew(a) - anew(b))
    for (const number of cheap.slice(0, Math.max(0, files.length - MOST_FILES))) leaving.add(number)
    return leaving
  }
}

function patchBytes({ patches }: KnownPage): number {
  return patches.reduce((sum, { bytes }) => sum + bytes, 0)
}

function firstShare(file: number): number {
  return LEAST_SHARE + ((file * GOLDEN) % 1) * (BLOCKS_SHARE - LEAST_SHARE)
}

/** Of a page that was read back; what its patches may take follows from its file. */
export function readPage(page: Omit<KnownPage, "mostPatches">): KnownPage {
  return { ...page, mostPatches: firstShare(page.whole.file) * page.sizeBytes }
}
