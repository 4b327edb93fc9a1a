/**
 * A part of a large view, sorted and cut by the platform: asked for again when the view's epoch has moved,
 * one request at a time, and seldom enough that the page costs the platform little even where a view is huge.
 */
import { useEffect, useRef, useState } from "react"
import { type RowsQuery, readRows } from "../api/client.ts"
import { wordsOf } from "../api/http.ts"
import { EMPTY_STORE, type RowStore, replaceRows } from "./row-store.ts"

export interface FetchedRows {
  readonly store: RowStore
  readonly problem: string | null
}

interface Question {
  readonly view: string
  readonly key: readonly string[] | null
  readonly query: RowsQuery
}

interface Request extends Question {
  /** Null: not now. */
  readonly epoch: number | null
}

const NOTHING: FetchedRows = { store: EMPTY_STORE, problem: null }
/** After an answer that took so long, the page is quiet for this many times as long. */
const QUIET_TIMES = 8

export function useRows({ view, key, query, epoch }: Request): FetchedRows {
  const [fetched, setFetched] = useState(NOTHING)
  const running = useRef<Promise<void>>(Promise.resolve())
  const latest = useRef({ asked: "", quietUntilMs: 0 })
  const asked = JSON.stringify({ view, key, query } satisfies Question)
  useEffect(() => {
    if (epoch === null) return
    const isNew = latest.current.asked !== asked
    const delayMs = isNew ? 0 : latest.current.quietUntilMs - performance.now()
    let current = true
    const ask = async (): Promise<void> => {
      if (!current) return
      const startedAtMs = performance.now()
      const question = JSON.parse(asked) as Question
      const starts = latest.current.asked !== asked
      const show = await fetchRows(question)
      const endedAtMs = performance.now()
      latest.current = { asked, quietUntilMs: endedAtMs + QUIET_TIMES * (endedAtMs - startedAtMs) }
      setFetched((previous) => show(starts ? NOTHING : previous))
    }
    const timer = setTimeout(
      () => {
        running.current = running.current.then(ask)
      },
      Math.max(0, delayMs),
    )
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [asked, epoch])
  return fetched
}

/** A failure keeps the rows that were there. */
async function fetchRows({ view, key, query }: Question): Promise<(previous: FetchedRows) => FetchedRows> {
  try {
    const { rows, epoch } = await readRows(view, query)
    return ({ store }) => ({ store: replaceRows(store, rows, { key, epoch }), problem: null })
  } catch (error) {
    const problem = wordsOf(error)
    return (previous) => ({ ...previous, problem })
  }
}
