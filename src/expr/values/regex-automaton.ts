/**
 * Matching in time linear in the text: the pattern becomes a nondeterministic automaton (Thompson's
 * construction) whose sets of states are built as they are met and kept (Russ Cox, "Regular Expression
 * Matching Can Be Simple And Fast"). PostgreSQL takes the longest of the leftmost matches, which is what
 * running on to the end gives.
 */
import type { CharacterSet } from "./character-set.ts"
import type { RegexNode } from "./regex-syntax.ts"

/** Instructions of one pattern: bounded repeats are written out. */
const MAX_INSTRUCTIONS = 20_000
/** Sets of states kept for one pattern; then it starts afresh. */
const MAX_STATES = 2_000
const NOTHING = -1

type Instruction =
  | { readonly kind: "take"; readonly set: CharacterSet }
  | { readonly kind: "split"; other: number }
  | { readonly kind: "jump"; to: number }
  | { readonly kind: "start" | "end" | "match" }

interface State {
  /** Instructions that wait for a character, for the end of the text, or have matched. */
  readonly waiting: readonly number[]
  readonly matches: boolean
  readonly matchesAtEnd: boolean
  readonly next: Map<number, State>
}

export class RegexAutomaton {
  readonly #program: Instruction[] = []
  #states = new Map<string, State>()
  #tooLong = false

  private constructor(node: RegexNode) {
    this.#write(node)
    this.#add({ kind: "match" })
  }

  /** Null when the pattern is too long written out. */
  static of(node: RegexNode): RegexAutomaton | null {
    const automaton = new RegexAutomaton(node)
    return automaton.#tooLong ? null : automaton
  }

  /** Whether some piece of the text from `from` on matches. */
  test(text: string, from = 0): boolean {
    let state = this.#first(from === 0)
    for (let at = from; at < text.length; ) {
      if (state.matches) return true
      const code = text.codePointAt(at)!
      at += code > 0xffff ? 2 : 1
      state = this.#step(state, code, true)
    }
    return state.matches || state.matchesAtEnd
  }

  /** The end of the longest match that starts at `start`, or -1. */
  longestEnd(text: string, start: number): number {
    let state = this.#first(start === 0)
    let end = state.matches ? start : NOTHING
    let at = start
    while (at < text.length && state.waiting.length > 0) {
      const code = text.codePointAt(at)!
      at += code > 0xffff ? 2 : 1
      state = this.#step(state, code, false)
      if (state.matches) end = at
    }
    return at >= text.length && state.matchesAtEnd ? at : end
  }

  #first(atStart: boolean): State {
    return this.#state([0], atStart)
  }

  /** `anywhere`: a match may also begin behind the character. */
  #step(state: State, code: number, anywhere: boolean): State {
    const key = anywhere ? code : -code - 1
    const known = state.next.get(key)
    if (known !== undefined) return known
    const targets = state.waiting.filter((index) => {
      const instruction = this.#program[index]!
      return instruction.kind === "take" && instruction.set.has(code)
    })
    const starts = targets.map((index) => index + 1)
    const next = this.#state(anywhere ? [...starts, 0] : starts, false)
    state.next.set(key, next)
    return next
  }

  #state(starts: readonly number[], atStart: boolean): State {
    const reached = this.#closure(starts, atStart, false)
    const waiting = reached.filter((index) => this.#program[index]!.kind !== "match")
    const matches = waiting.length < reached.length
    const key = `${atStart} ${matches} ${waiting.join()}`
    const known = this.#states.get(key)
    if (known !== undefined) return known
    if (this.#states.size >= MAX_STATES) this.#states = new Map()
    const atEnd = this.#closure(waiting, atStart, true)
    const matchesAtEnd = matches || atEnd.some((index) => this.#program[index]!.kind === "match")
    const state: State = { waiting, matches, matchesAtEnd, next: new Map() }
    this.#states.set(key, state)
    return state
  }

  /** What can be reached without a character: waiting instructions and the match, in order. */
  #closure(starts: readonly number[], atStart: boolean, atEnd: boolean): number[] {
    const seen = new Set<number>()
    const reached: number[] = []
    const stack = [...starts]
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      if (seen.has(index)) continue
      seen.add(index)
      const instruction = this.#program[index]!
      if (instruction.kind === "split") stack.push(instruction.other, index + 1)
      else if (instruction.kind === "jump") stack.push(instruction.to)
      else if (instruction.kind === "start") {
        if (atStart) stack.push(index + 1)
      } else if (instruction.kind === "end" && atEnd) stack.push(index + 1)
      else reached.push(index)
    }
    return reached.sort((a, b) => a - b)
  }

  #add(instruction: Instruction): number {
    if (this.#program.length >= MAX_INSTRUCTIONS) this.#tooLong = true
    else this.#program.push(instruction)
    return this.#program.length - 1
  }

  #write(node: RegexNode): void {
    if (this.#tooLong) return
    switch (node.kind) {
      case "set":
        this.#add({ kind: "take", set: node.set })
        return
      case "start":
      case "end":
        this.#add({ kind: node.kind })
        return
      case "group":
        this.#write(node.item)
        return
      case "sequence":
        for (const item of node.items) this.#write(item)
        return
      case "choice":
        this.#writeChoice(node.items)
        return
      case "repeat":
        this.#writeRepeat(node)
    }
  }

  #writeChoice(items: readonly RegexNode[]): void {
    const jumps: number[] = []
    for (const [position, item] of items.entries()) {
      const isLast = position === items.length - 1
      const split = isLast ? null : this.#add({ kind: "split", other: 0 })
      this.#write(item)
      if (split === null) continue
      jumps.push(this.#add({ kind: "jump", to: 0 }))
      this.#patch(split)
    }
    for (const jump of jumps) this.#patch(jump)
  }

  #writeRepeat({ item, min, max }: RegexNode & { kind: "repeat" }): void {
    for (let i = 0; i < min; i++) this.#write(item)
    if (max === Number.POSITIVE_INFINITY) {
      const split = this.#add({ kind: "split", other: 0 })
      this.#write(item)
      this.#add({ kind: "jump", to: split })
      this.#patch(split)
      return
    }
    const splits: number[] = []
    for (let i = min; i < max; i++) {
      splits.push(this.#add({ kind: "split", other: 0 }))
      this.#write(item)
    }
    for (const split of splits) this.#patch(split)
  }

  /** Points a split or jump at what comes next. */
  #patch(index: number): void {
    const instruction = this.#program[index]!
    if (instruction.kind === "split") instruction.other = this.#program.length
    if (instruction.kind === "jump") instruction.to = this.#program.length
  }
}
