/**
 * Pages that are out of memory. Each is named by a negative number, keeps what others ask of a page without
 * looking into it (size, key, stamp, references), and has its image in a place of the spill file. Places are
 * cut by size class and used again; the file never shrinks and is worth nothing after its process.
 */
import { assert } from "../../std/assert.ts"
import { isPlatformError } from "../../std/errors.ts"
import { spillFailed } from "../errors.ts"
import { PAGE_BYTES, pageBytes } from "./page-sizes.ts"

/** Where images go: bytes that only this process reads again, and none when it is disposed of. */
export interface SpillFile extends Disposable {
  /** Writes all of `image`, or throws. */
  write(image: Uint8Array, at: number): void
  /** Fills `target` with what was written there, or throws. */
  read(target: Uint8Array, at: number): void
}

export interface SpillStats {
  /** In pages that are out of memory. */
  readonly spilledBytes: number
  /** Pages that came back because something needed them, since the start. */
  readonly faults: number
  /** Pages that should have left and could not be written, since the start. */
  readonly failedWrites: number
  /** Since the start; pages that leave as they came back are not written again. */
  readonly writtenBytes: number
}

export const NOTHING_SPILLED: SpillStats = { spilledBytes: 0, faults: 0, failedWrites: 0, writtenBytes: 0 }

export function addSpillStats(all: readonly SpillStats[]): SpillStats {
  return all.reduce((sum, { spilledBytes, faults, failedWrites, writtenBytes }) => ({
    spilledBytes: sum.spilledBytes + spilledBytes,
    faults: sum.faults + faults,
    failedWrites: sum.failedWrites + failedWrites,
    writtenBytes: sum.writtenBytes + writtenBytes,
  }))
}

export interface PageMarks {
  readonly sizeClass: number
  readonly key: number
  readonly stamp: number
}

interface SpilledPage {
  readonly sizeClass: number
  readonly stamp: number
  readonly place: number
  key: number
  references: number
}

export class SpilledPages {
  readonly #file: SpillFile
  /** By place in this list: the page's name is -1 - place. */
  readonly #pages: (SpilledPage | null)[] = []
  readonly #freeNames: number[] = []
  readonly #freePlaces: number[][] = PAGE_BYTES.map(() => [])
  #endBytes = 0
  #spilledBytes = 0
  #faults = 0
  #failedWrites = 0
  #writtenBytes = 0

  constructor(file: SpillFile) {
    this.#file = file
  }

  get stats(): SpillStats {
    return {
      spilledBytes: this.#spilledBytes,
      faults: this.#faults,
      failedWrites: this.#failedWrites,
      writtenBytes: this.#writtenBytes,
    }
  }

  /** A place for an image of this size. */
  takePlace(sizeClass: number): number {
    const free = this.#freePlaces[sizeClass]!.pop()
    if (free !== undefined) return free
    const place = this.#endBytes
    this.#endBytes += pageBytes(sizeClass)
    return place
  }

  /**
   * Writes the image, unless it is null since the place has it already, to this place or to another one.
   * @throws spill-failed
   */
  putImage(image: Uint8Array | null, known: number | null, sizeClass: number): number {
    const place = known ?? this.takePlace(sizeClass)
    if (image === null) return place
    try {
      this.write(place, image)
    } catch (error) {
      if (known === null) this.givePlace(sizeClass, place)
      throw error
    }
    return place
  }

  givePlace(sizeClass: number, place: number): void {
    this.#freePlaces[sizeClass]!.push(place)
  }

  /** @throws spill-failed */
  write(place: number, image: Uint8Array): void {
    try {
      this.#file.write(image, place)
    } catch (cause) {
      this.#failedWrites++
      throw isPlatformError(cause) ? spillFailed("written", cause) : cause
    }
    this.#writtenBytes += image.length
  }

  /** Returns the page's name. */
  add({ sizeClass, key, stamp }: PageMarks, place: number, references: number): number {
    const name = this.#freeNames.pop() ?? -1 - this.#pages.length
    this.#pages[-1 - name] = { sizeClass, key, stamp, place, references }
    this.#spilledBytes += pageBytes(sizeClass)
    return name
  }

  of(name: number): Readonly<SpilledPage> {
    return this.#page(name)
  }

  adoptKey(name: number, key: number): void {
    this.#page(name).key = key
  }

  retain(name: number): void {
    this.#page(name).references++
  }

  /** @throws spill-failed */
  read(name: number, target: Uint8Array): void {
    const { place } = this.#page(name)
    try {
      this.#file.read(target, place)
    } catch (cause) {
      throw isPlatformError(cause) ? spillFailed("read", cause) : cause
    }
  }

  /** Gives up one reference for a copy in memory: returns the image's place when nobody else needs it. */
  bringBack(name: number): number | null {
    this.#faults++
    const page = this.#page(name)
    if (page.references > 1) {
      page.references--
      return null
    }
    this.#forget(name, page)
    return page.place
  }

  release(name: number): void {
    const page = this.#page(name)
    if (--page.references > 0) return
    this.#forget(name, page)
    this.givePlace(page.sizeClass, page.place)
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]()
  }

  #forget(name: number, { sizeClass }: SpilledPage): void {
    this.#spilledBytes -= pageBytes(sizeClass)
    this.#pages[-1 - name] = null
    this.#freeNames.push(name)
  }

  #page(name: number): SpilledPage {
    const page = this.#pages[-1 - name]
    assert(page !== undefined && page !== null, "a page that is out has a name")
    return page
  }
}
