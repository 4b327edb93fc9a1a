/** Reading PostgreSQL's raw parse tree: names out of String nodes, where a node starts, its depth. */
import type { Node } from "libpg-query"

/** Texts of a list of String nodes, such as a qualified name; nodes of other kinds are left out. */
export function names(nodes: readonly Node[] | undefined): readonly string[] {
  return (nodes ?? []).flatMap((node) => ("String" in node ? [node.String.sval ?? ""] : []))
}

/** Byte offset of the leftmost part of a subtree that has a location, else null. */
export function startOf(tree: unknown): number | null {
  let start: number | null = null
  const waiting: unknown[] = [tree]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value !== "object" || value === null) continue
    const location = (value as { location?: unknown }).location
    if (typeof location === "number" && location >= 0 && (start === null || location < start))
      start = location
    for (const child of Object.values(value)) waiting.push(child)
  }
  return start
}

/** Levels of nodes below each other, counted without recursion. */
export function depthOf(tree: unknown): number {
  let deepest = 0
  const waiting: [value: unknown, depth: number][] = [[tree, 0]]
  while (waiting.length > 0) {
    const [value, depth] = waiting.pop()!
    if (typeof value !== "object" || value === null) continue
    deepest = Math.max(deepest, depth)
    for (const child of Object.values(value)) waiting.push([child, depth + 1])
  }
  return deepest
}
