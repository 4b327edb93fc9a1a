/**
 * Dead letters of one state, asked again every other second while they are looked at, and at once after one
 * was dealt with: whoever acts sees what came of it.
 */
import { useCallback, useEffect, useState } from "react"
import { ApiFailure, wordsOf } from "../api/http.ts"
import { type DeadLetterPage, type LetterState, readLetters } from "../api/letters.ts"
import { poll } from "../live/poll.ts"

const PAUSE_MS = 2_000
export const FIRST_LETTERS = 20
const MORE = 50

export interface Letters {
  readonly page: DeadLetterPage | null
  readonly problem: string | null
  /** False where the platform has no dead letters at all. */
  readonly offered: boolean
  more(): void
  /** Asks again now. */
  again(): void
}

interface Filter {
  readonly event: string | null
  readonly state: LetterState
  readonly enabled: boolean
}

export function useLetters({ event, state, enabled }: Filter): Letters {
  const [page, setPage] = useState<DeadLetterPage | null>(null)
  const [problem, setProblem] = useState<{ words: string; status: number | null } | null>(null)
  const [limit, setLimit] = useState(FIRST_LETTERS)
  const [turn, setTurn] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another turn asks at once
  useEffect(() => {
    if (!enabled) return
    let current = true
    const stop = poll(async () => {
      try {
        const next = await readLetters({ event, state, limit })
        if (!current) return
        setPage((before) => (JSON.stringify(before) === JSON.stringify(next) ? before : next))
        setProblem(null)
      } catch (error) {
        const status = error instanceof ApiFailure ? error.status : null
        if (current) setProblem({ words: wordsOf(error), status })
        throw error
      }
    }, PAUSE_MS)
    return () => {
      current = false
      stop()
    }
  }, [event, state, limit, enabled, turn])
  const more = useCallback(() => setLimit((before) => before + MORE), [])
  const again = useCallback(() => setTurn((before) => before + 1), [])
  return { page, problem: problem?.words ?? null, offered: problem?.status !== 404, more, again }
}
