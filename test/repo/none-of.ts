/** The assertion of the repository's rules: a list of places that must be empty. */
import { AssertionError } from "node:assert/strict"

/** More would not help anybody. */
const MAX_SHOWN = 100

/** @throws AssertionError that lists the places */
export function assertNone(places: readonly string[], rule: string): void {
  if (places.length === 0) return
  const shown = places.slice(0, MAX_SHOWN).map((place) => `  ${place}`)
  const more = places.length > MAX_SHOWN ? [`  and ${places.length - MAX_SHOWN} more`] : []
  throw new AssertionError({ message: [`${rule}; ${places.length} break it:`, ...shown, ...more].join("\n") })
}
