/**
 * What is known to be durable: one sector per partition with the end of its acknowledged data. A mark is
 * written after the group that it speaks of was synced and synced itself later, so it is never ahead of the
 * truth, and a sector is written whole or not at all.
 *
 * Slot => magic "MRMK", slot UINT32, segmentBase, position, endOffset, sequence, group, appendTimeMs FLOAT64,
 *         crc UINT32; the rest of the 512 bytes is zero
 */
import { crc32c } from "@node-rs/crc32"
import { assert } from "../../std/assert.ts"
import type { Disk, DiskFile } from "../../std/disk.ts"
import { logCorrupt } from "../errors.ts"

/** Everything before this point of the partition is acknowledged; what follows it may not be. */
export interface DurableMark {
  readonly segmentBase: number
  /** Bytes of that segment. */
  readonly position: number
  readonly endOffset: number
  /** Groups that the partition has had. */
  readonly sequence: number
  /** Number of the last group that touched the partition; it and all before it are durable. */
  readonly group: number
  /** Append time of the last record, which later ones do not fall behind. */
  readonly appendTimeMs: number
}

export const EMPTY_MARK: DurableMark = {
  segmentBase: 0,
  position: 0,
  endOffset: 0,
  sequence: 0,
  group: 0,
  appendTimeMs: 0,
}

export const MARKS_FILE = "+durable"

const SLOT_BYTES = 512
const MAGIC = 0x4d524d4b
const CRC_AT = 56
const FIELDS = ["segmentBase", "position", "endOffset", "sequence", "group", "appendTimeMs"] as const

export class DurableMarks {
  readonly #disk: Disk
  readonly #path: string
  #file: DiskFile
  readonly #marks: DurableMark[]
  #dirty = false

  private constructor(disk: Disk, path: string, file: DiskFile, marks: DurableMark[]) {
    this.#disk = disk
    this.#path = path
    this.#file = file
    this.#marks = marks
  }

  /**
   * Reads the marks of slots 0 to slots - 1.
   * @throws log-corrupt when one is unreadable, which no crash can cause.
   */
  static open(disk: Disk, path: string, slots: number): DurableMarks {
    const file = disk.open(path, { create: true })
    const marks: DurableMark[] = []
    const bytes = new Uint8Array(SLOT_BYTES)
    for (let slot = 0; slot < slots; slot++) {
      bytes.fill(0)
      file.read(bytes, slot * SLOT_BYTES)
      const mark = decode(bytes, slot)
      if (mark === null) {
        file.close()
        const place = { file: path, position: slot * SLOT_BYTES, offset: 0 }
        throw logCorrupt(place, "the mark of a partition's durable end is unreadable")
      }
      marks.push(mark)
    }
    return new DurableMarks(disk, path, file, marks)
  }

  get(slot: number): DurableMark {
    const mark = this.#marks[slot]
    assert(mark !== undefined, "a slot has a mark")
    return mark
  }

  /** The highest group that is known to be durable. */
  get group(): number {
    return this.#marks.reduce((highest, mark) => Math.max(highest, mark.group), 0)
  }

  get isDirty(): boolean {
    return this.#dirty
  }

  set(slot: number, mark: DurableMark): void {
    assert(slot <= this.#marks.length, "slots are given out in order")
    this.#marks[slot] = mark
    this.#dirty = true
    this.#file.write(encode(mark, slot), slot * SLOT_BYTES)
  }

  sync(): void {
    this.#file.sync()
    this.#dirty = false
  }

  /** After a failed sync the file's cached pages may be lost though they read well: all is written again. */
  rewrite(marks: readonly DurableMark[]): void {
    this.#file.close()
    this.#file = this.#disk.open(this.#path, { create: true })
    for (const [slot, mark] of marks.entries()) this.set(slot, mark)
    this.sync()
  }

  close(): void {
    this.#file.close()
  }
}

/** The file of marks as a whole, by slot. */
export function marksFile(marks: readonly DurableMark[]): Uint8Array {
  return Buffer.concat(marks.map(encode))
}

function encode(mark: DurableMark, slot: number): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC)
  view.setUint32(4, slot)
  for (const [index, field] of FIELDS.entries()) view.setFloat64(8 + index * 8, mark[field])
  view.setUint32(CRC_AT, crc32c(bytes.subarray(0, CRC_AT)))
  return bytes
}

function decode(bytes: Uint8Array, slot: number): DurableMark | null {
  const view = new DataView(bytes.buffer)
  if (view.getUint32(0) !== MAGIC || view.getUint32(4) !== slot) return null
  if (view.getUint32(CRC_AT) !== crc32c(bytes.subarray(0, CRC_AT))) return null
  const field = (name: (typeof FIELDS)[number]) => view.getFloat64(8 + FIELDS.indexOf(name) * 8)
  return {
    segmentBase: field("segmentBase"),
    position: field("position"),
    endOffset: field("endOffset"),
    sequence: field("sequence"),
    group: field("group"),
    appendTimeMs: field("appendTimeMs"),
  }
}
