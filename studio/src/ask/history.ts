/** The last queries that were run, newest first, kept in this browser. */

const KEPT = 20
const PLACE = "millrace.queries"

export function readHistory(): readonly string[] {
  try {
    const held: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "[]")
    return Array.isArray(held) ? held.filter((text) => typeof text === "string").slice(0, KEPT) : []
  } catch {
    // A browser may refuse storage, or another page may have written there: then history starts afresh.
    return []
  }
}

export function remember(history: readonly string[], sql: string): readonly string[] {
  const next = [sql, ...history.filter((other) => other !== sql)].slice(0, KEPT)
  try {
    localStorage.setItem(PLACE, JSON.stringify(next))
  } catch {
    // Full or refused: history then lives as long as the page.
  }
  return next
}
