/** The names nearest to one that is not known: edit distance with swaps (optimal string alignment). */
import { MAX_SUGGESTIONS } from "../limits.ts"

/** Longer input is cut: names have at most 63 characters, and the work grows with the square. */
const MAX_COMPARED = 64

/** At most MAX_SUGGESTIONS of `known`, nearest first; none when nothing is near. */
export function suggest(name: string, known: readonly string[]): string[] {
  const wanted = name.slice(0, MAX_COMPARED).toLowerCase()
  const within = wanted.length < 3 ? 1 : Math.max(2, Math.floor(wanted.length / 3))
  // Among equally near names the one that begins alike: people mistype the end.
  const firstDiffers = (candidate: string) => Number(candidate[0]?.toLowerCase() !== wanted[0])
  return known
    .map((candidate) => ({ candidate, distance: nearness(wanted, candidate.toLowerCase()) }))
    .filter((entry) => entry.distance <= within)
    .sort((a, b) => a.distance - b.distance || firstDiffers(a.candidate) - firstDiffers(b.candidate))
    .slice(0, MAX_SUGGESTIONS)
    .map((entry) => entry.candidate)
}

/** A name that the other begins with counts as near, however long the rest is. */
function nearness(a: string, b: string): number {
  if (a.length >= 3 && (b.startsWith(a) || a.startsWith(b))) return 1
  return editDistance(a, b)
}

export function editDistance(a: string, b: string): number {
  let twoBack: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, twoBack[j - 2]! + 1)
      }
      current.push(cost)
    }
    twoBack = previous
    previous = current
  }
  return previous[b.length]!
}
