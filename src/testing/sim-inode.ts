/**
 * The contents of one simulated file: what programs read (`current`), and what is on the medium (`durable`).
 * A sector of 512 bytes reaches the medium whole or not at all. Sizes are metadata and reach it on their own.
 */
import type { Random } from "../std/random.ts"

export const SECTOR_BYTES = 512
/** Files mostly grow, in small steps. */
const ROOM_TO_GROW = 1.5

export class SimInode {
  /** Begins where its buffer begins. */
  current: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  durable: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  /** Sectors that have space on the medium; writing them again needs none. */
  readonly #allocated = new Set<number>()
  /** Sectors that changed since the last sync. */
  readonly #dirty = new Set<number>()

  write(source: Uint8Array, position: number): void {
    if (position + source.length > this.current.length) this.#resize(position + source.length)
    this.current.set(source, position)
    this.#soil(position, position + source.length)
    for (const sector of sectorsOf(position, position + source.length)) this.#allocated.add(sector)
  }

  /** Whether a write needs space that the file does not have yet. */
  needsSpace(position: number, sizeBytes: number): boolean {
    return sectorsOf(position, position + sizeBytes).some((sector) => !this.#allocated.has(sector))
  }

  truncate(sizeBytes: number): void {
    const before = this.current.length
    this.#resize(sizeBytes)
    if (sizeBytes < before) this.#soil(sizeBytes, before)
  }

  #resize(sizeBytes: number): void {
    const { buffer, length } = this.current
    if (sizeBytes > buffer.byteLength) {
      const resized = new Uint8Array(Math.ceil(sizeBytes * ROOM_TO_GROW)).subarray(0, sizeBytes)
      resized.set(this.current)
      this.current = resized
    } else {
      this.current = new Uint8Array(buffer, 0, sizeBytes)
      if (sizeBytes > length) this.current.fill(0, length)
    }
  }

  #soil(from: number, to: number): void {
    for (const sector of sectorsOf(from, to)) this.#dirty.add(sector)
  }

  /** Brings what changed since the last sync to the medium; what an earlier failure lost stays lost. */
  sync(): void {
    this.#settle(this.current.length, () => true, { cuts: false })
  }

  /**
   * A sync that fails: some sectors reach the medium, the rest never will, and all count as clean. None is
   * cut at a size that lags behind: should the size come later, all of the sector is there.
   */
  failSync(random: Random): void {
    this.#lose(random, { cuts: false })
  }

  /** Power is lost: what reached the medium is what there is. */
  crash(random: Random): void {
    this.#lose(random, { cuts: true })
    this.current = this.durable.slice()
  }

  #lose(random: Random, options: { readonly cuts: boolean }): void {
    const sizeBytes = random.below(2) === 0 ? this.durable.length : this.current.length
    const all = random.below(4) === 0
    this.#settle(sizeBytes, () => all || random.below(2) === 1, options)
  }

  #settle(sizeBytes: number, reaches: () => boolean, { cuts }: { readonly cuts: boolean }): void {
    const settled = new Uint8Array(sizeBytes)
    settled.set(this.durable.subarray(0, sizeBytes))
    for (const sector of this.#dirty) {
      const from = sector * SECTOR_BYTES
      const to = Math.min(from + SECTOR_BYTES, sizeBytes)
      const isCut = to < Math.min(from + SECTOR_BYTES, this.current.length)
      if (!reaches() || from >= to || (isCut && !cuts)) continue
      settled.fill(0, from, to)
      settled.set(this.current.subarray(from, to), from)
    }
    this.durable = settled
    this.#dirty.clear()
  }

  /** Flips bits as a failing medium does: seen at once, and not by a sync. */
  flip(position: number, bits: number): void {
    for (const bytes of [this.current, this.durable]) {
      if (position < bytes.length) bytes[position] = (bytes[position] as number) ^ bits
    }
  }
}

function sectorsOf(from: number, to: number): number[] {
  const first = Math.floor(from / SECTOR_BYTES)
  return Array.from({ length: Math.max(0, Math.ceil(to / SECTOR_BYTES) - first) }, (_, i) => first + i)
}
