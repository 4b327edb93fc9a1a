/**
 * Which word of a slot holds what. Word 0 holds the hash and the slot's place among the epoch's touched
 * slots; then come null bits, then fields in the order of their declaration.
 *
 *   | hash, touched | null bits, 64 a word | field | field | accumulator words ... |
 *
 * A fixed-width value takes one word (wide decimals two), a variable-width one a word with (arena offset,
 * length). A NULL's words are zero, so rows are equal when their words are.
 */
import type { LogicalType } from "../../columns/types.ts"
import { isVariableWidth } from "../../columns/types.ts"
import { wordsPerRow } from "../../columns/vector.ts"
import type { SlotShape } from "./page-format.ts"

export interface SlotField {
  readonly type: LogicalType
  /** In words from the slot. */
  readonly offset: number
  /** Position among the null bits, or null when the field is never NULL. */
  readonly nullBit: number | null
}

export class SlotLayout {
  readonly nullHalves: number
  #words: number
  #bits = 0
  readonly #bytesFields: number[] = []

  constructor(nullableFields: number) {
    const nullWords = Math.ceil(nullableFields / 64)
    this.nullHalves = nullWords * 2
    this.#words = 1 + nullWords
  }

  addField(type: LogicalType, nullable: boolean): SlotField {
    const offset = isVariableWidth(type) ? this.addBytes() : this.addWords(wordsPerRow(type))
    return { type, offset, nullBit: nullable ? this.#bits++ : null }
  }

  addWords(count: number): number {
    const offset = this.#words
    this.#words += count
    return offset
  }

  addBytes(): number {
    const offset = this.addWords(1)
    this.#bytesFields.push(offset)
    return offset
  }

  get shape(): SlotShape {
    return { strideWords: this.#words, bytesFields: this.#bytesFields }
  }
}
