/**
 * What may follow in a pattern, in the order in which it is preferred: the row is taken by some step, or the
 * pattern is complete. SQL's MATCH_RECOGNIZE orders the alternatives in the same way (ISO/IEC TR 19075-5,
 * 4.14: greedy quantifiers prefer to go on, reluctant ones to leave).
 *
 *   a+ b? c    behind an a:   take a, take b, take c      (greedy)
 *                             take b, take c, take a      (a+? instead)
 */
import type { PatternStep } from "../../expr/pattern.ts"

export interface Option {
  /** Null: the pattern is complete. */
  readonly step: number | null
  /** Bits of the negated steps that lie between. */
  readonly guards: number
}

export class StepOptions {
  readonly #steps: readonly PatternStep[]
  readonly #known = new Map<number, readonly Option[]>()

  constructor(steps: readonly PatternStep[]) {
    this.#steps = steps
  }

  /** Behind `count` rows of `step`. */
  after(step: number, count: number): readonly Option[] {
    const { least, most, greedy } = this.#steps[step]!
    const mayGoOn = most === null || count < most
    const mayLeave = count >= least
    const name = step * 4 + (mayGoOn ? 2 : 0) + (mayLeave ? 1 : 0)
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const goOn = mayGoOn ? [{ step, guards: 0 }] : []
    const leave = mayLeave ? this.#enter(step + 1, 0) : []
    const options = greedy ? [...goOn, ...leave] : [...leave, ...goOn]
    this.#known.set(name, options)
    return options
  }

  #enter(step: number, guards: number): readonly Option[] {
    const found = this.#steps[step]
    if (found === undefined) return [{ step: null, guards }]
    if (found.negated) return this.#enter(step + 1, guards | (1 << step))
    const take = { step, guards }
    if (found.least > 0) return [take]
    const past = this.#enter(step + 1, guards)
    return found.greedy ? [take, ...past] : [...past, take]
  }
}
