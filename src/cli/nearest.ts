/** The name that somebody who mistyped most probably meant. */

/** Null when nothing is near: more than a third of the letters would have to change. */
export function nearest(typed: string, names: readonly string[]): string | null {
  const ranked = names
    .map((name) => ({
      name,
      distance: name.startsWith(typed) && typed !== "" ? 0 : editDistance(typed, name),
    }))
    .filter(
      ({ name, distance }) => distance <= Math.max(1, Math.floor(Math.max(name.length, typed.length) / 3)),
    )
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.name ?? null
}

/** Insertions, deletions, replacements and swaps of neighbours (Damerau, restricted). Names are short. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : Infinity
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1, swapped))
    }
    before = row
    row = next
  }
  return row[b.length]!
}
