/** Parts of an engine in one thread: one after the other takes the step that is next. */
import { assert } from "../../std/assert.ts"
import type { Exchanging, Offer } from "./offer.ts"
import { forOthers } from "./offer.ts"

/** What the first part returns. All parts offer equally often. */
export function takeTurns<Result>(parts: readonly Exchanging<Result>[]): Result {
  let steps = parts.map((part) => part.next([]))
  for (;;) {
    const first = steps[0]
    assert(first !== undefined, "an engine has a part")
    assert(
      steps.every(({ done }) => done === first.done),
      "the parts take the same steps",
    )
    if (first.done === true) return first.value
    const offers = steps.map(({ value }) => value as Offer)
    const handed = forOthers(offers)
    steps = parts.map((part, k) => part.next(k === 0 ? offers : handed))
  }
}
