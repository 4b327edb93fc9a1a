/** A list that comes in pages: what was read so far, and the next page on demand. */
import { useCallback, useEffect, useRef, useState } from "react"
import { wordsOf } from "../api/http.ts"

export interface Page<T> {
  readonly rows: readonly T[]
  readonly cursor: string | null
}

export interface Pages<T> {
  /** Null until the first page. */
  readonly rows: readonly T[] | null
  readonly more: boolean
  readonly loading: boolean
  readonly problem: string | null
  next(): void
  again(): void
}

interface Held<T> {
  readonly rows: readonly T[] | null
  readonly cursor: string | null
  readonly loading: boolean
  readonly problem: string | null
}

export function usePages<T>(read: (cursor: string | null) => Promise<Page<T>>): Pages<T> {
  const [held, setHeld] = useState<Held<T>>({ rows: null, cursor: null, loading: true, problem: null })
  const latest = useRef(read)
  latest.current = read
  const turn = useRef(0)
  const load = useCallback((cursor: string | null) => {
    const mine = ++turn.current
    setHeld((before) => ({ ...before, loading: true }))
    latest.current(cursor).then(
      (page) => {
        if (mine !== turn.current) return
        setHeld((before) => {
          const rows = cursor === null ? page.rows : [...(before.rows ?? []), ...page.rows]
          return { rows, cursor: page.cursor, loading: false, problem: null }
        })
      },
      (error: unknown) => {
        if (mine === turn.current)
          setHeld((before) => ({ ...before, loading: false, problem: wordsOf(error) }))
      },
    )
  }, [])
  useEffect(() => load(null), [load])
  const { cursor } = held
  return {
    rows: held.rows,
    more: cursor !== null,
    loading: held.loading,
    problem: held.problem,
    next: () => cursor !== null && !held.loading && load(cursor),
    again: () => load(null),
  }
}
