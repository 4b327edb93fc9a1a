/**
 * The shapes that a decoder has learned, each with its loop. Rows that the general path took are counted by
 * shape; one that comes often gets a loop, or widens the loop of a shape that differs only by missing
 * members.
 */
import { assert } from "../../std/assert.ts"
import type { FieldReader } from "./field-reader.ts"
import { MAX_CANDIDATES, MAX_COMPILED, MAX_SHAPES, SHAPE_ROWS } from "./limits.ts"
import type { LoopContext } from "./loop-context.ts"
import type { Shape, WrittenRow } from "./shape.ts"
import { hashShape, mergeShapes, shapeOf } from "./shape.ts"
import type { RowMode } from "./shape-code.ts"
import { writeShapeCode } from "./shape-code.ts"

type Loop = (context: LoopContext) => void

interface Learned {
  readonly shape: Shape
  /** Made when first needed. */
  readonly loops: Partial<Record<RowMode, Loop>>
  /** Rows taken, halved now and then: the shape with the fewest gives way to a new one. */
  rows: number
  /** Its rows may have keys that the contract does not name. */
  readonly hasUnnamed: boolean
}

export class Shapes {
  readonly #readers: readonly FieldReader[]
  readonly #learned: Learned[] = []
  readonly #candidates = new Map<number, number>()
  #compiled = 0

  constructor(readers: readonly FieldReader[]) {
    this.#readers = readers
  }

  get isEmpty(): boolean {
    return this.#learned.length === 0
  }

  /**
   * Takes rows from context.at on, as long as some shape fits; false when not one row was taken. The last
   * shape that fitted is tried first.
   */
  run(context: LoopContext, mode: RowMode): boolean {
    const first = context.row
    for (let i = 0; i < this.#learned.length; ) {
      const learned = this.#learned[i]!
      if (mode !== "ranges" && !startsWith(context.bytes, context.at, learned.shape.members[0]!.before)) {
        i++ // a call into the loop costs more than this
        continue
      }
      const before = context.row
      const loop = learned.loops[mode] ?? this.#compile(learned, mode)
      loop(context)
      const taken = context.row - before
      if (taken === 0) {
        i++
        continue
      }
      learned.rows += taken
      if (learned.hasUnnamed) context.hasUnnamed = true
      if (i > 0) {
        this.#learned[i] = this.#learned[0]!
        this.#learned[0] = learned
      }
      if (context.isClosed || context.at >= context.limit || context.row >= context.store.capacity) break
      i = 1 // whatever stopped the first shape, the others may take it
    }
    return context.row > first
  }

  /** Counts a row that no shape took. */
  learn(row: WrittenRow): void {
    if (this.#compiled >= MAX_COMPILED) return
    const hash = hashShape(row)
    if (hash === null) return
    const count = (this.#candidates.get(hash) ?? 0) + 1
    if (count < SHAPE_ROWS) {
      if (count === 1 && this.#candidates.size >= MAX_CANDIDATES) this.#candidates.clear()
      this.#candidates.set(hash, count)
      return
    }
    this.#candidates.delete(hash)
    const shape = shapeOf(row)
    if (shape !== null) this.#add(shape)
  }

  #add(shape: Shape): void {
    const mayLack = (field: number) => field < 0 || this.#readers[field]!.field.optional
    for (const [position, known] of this.#learned.entries()) {
      const merged = mergeShapes(known.shape, shape, mayLack)
      if (merged === null) continue
      this.#learned[position] = learnedOf(merged, known.rows)
      return
    }
    if (this.#learned.length >= MAX_SHAPES) {
      const fewest = this.#learned.reduce((least, one) => (one.rows < least.rows ? one : least))
      this.#learned.splice(this.#learned.indexOf(fewest), 1)
      for (const learned of this.#learned) learned.rows /= 2
    }
    this.#learned.push(learnedOf(shape, 0))
  }

  #compile(learned: Learned, mode: RowMode): Loop {
    this.#compiled++
    const { text, names, values } = writeShapeCode(learned.shape, this.#readers, mode)
    const factory = new Function(...names, `return function decodeRows(h) {${text}\n}`) as (
      ...bound: readonly unknown[]
    ) => Loop
    const loop = factory(...values)
    assert(typeof loop === "function", "generated code is a function")
    learned.loops[mode] = loop
    return loop
  }
}

function learnedOf(shape: Shape, rows: number): Learned {
  return { shape, loops: {}, rows, hasUnnamed: shape.members.some(({ field }) => field < 0) }
}

function startsWith(bytes: Uint8Array, at: number, start: Uint8Array): boolean {
  for (let i = 0; i < start.length; i++) if (bytes[at + i] !== start[i]) return false
  return true
}
