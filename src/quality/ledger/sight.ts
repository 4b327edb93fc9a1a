/**
 * Which rulings count for a history: its own, and those that it inherits from the ones before. A history that
 * is inherited from may have gone on afterwards; what it ruled then, and on other views, is not meant.
 */
import type { Inheritance } from "../../ports/epoch-output.ts"
import type { LedgerRuling } from "./ledger-codec.ts"

interface Seen {
  readonly upTo: number
  /** Null: all. */
  readonly views: ReadonlySet<string> | null
}

export class Sight {
  readonly #seen: ReadonlyMap<number, Seen>

  private constructor(seen: ReadonlyMap<number, Seen>) {
    this.#seen = seen
  }

  /** @param before what the history sees that is inherited from. */
  static of(history: number, inherits: Inheritance | null, before: Sight | null): Sight {
    const seen = new Map<number, Seen>([[history, { upTo: Number.POSITIVE_INFINITY, views: null }]])
    if (inherits === null || before === null) return new Sight(seen)
    const { epoch, views } = inherits
    for (const [earlier, { upTo, views: named }] of before.#seen) {
      const both = new Set(named === null ? views : views.filter((view) => named.has(view)))
      seen.set(earlier, { upTo: Math.min(upTo, epoch), views: both })
    }
    return new Sight(seen)
  }

  has({ history, epoch, view }: Pick<LedgerRuling, "history" | "epoch" | "view">): boolean {
    const seen = this.#seen.get(history)
    if (seen === undefined || epoch > seen.upTo) return false
    return view === null || seen.views === null || seen.views.has(view)
  }
}
