/**
 * The answer to one question, asked when the question changes or on demand. The last answer stays while the
 * next one is awaited, so that nothing on the page jumps.
 */
import { useCallback, useEffect, useRef, useState } from "react"
import { ApiFailure, wordsOf } from "../api/http.ts"

export interface Answer<T> {
  /** Null until the first answer. */
  readonly value: T | null
  readonly problem: { readonly words: string; readonly code: string | null } | null
  readonly loading: boolean
}

export interface Asked<T> extends Answer<T> {
  again(): void
}

/** `question` names what `ask` asks; a null question is not asked. */
export function useAnswer<T>(question: string | null, ask: () => Promise<T>): Asked<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ value: null, problem: null, loading: question !== null })
  const [turn, setTurn] = useState(0)
  const latest = useRef(ask)
  latest.current = ask
  // biome-ignore lint/correctness/useExhaustiveDependencies: another turn asks the same question again
  useEffect(() => {
    if (question === null) return
    let current = true
    setAnswer((before) => ({ ...before, loading: true }))
    latest.current().then(
      (value) => current && setAnswer({ value, problem: null, loading: false }),
      (error: unknown) => current && setAnswer((before) => ({ ...before, ...failed(error) })),
    )
    return () => {
      current = false
    }
  }, [question, turn])
  const again = useCallback(() => setTurn((before) => before + 1), [])
  return { ...answer, again }
}

function failed(error: unknown): Pick<Answer<never>, "problem" | "loading"> {
  const code = error instanceof ApiFailure ? error.code : null
  return { problem: { words: wordsOf(error), code }, loading: false }
}
