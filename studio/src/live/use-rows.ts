/**
 * A part of a large view, sorted and cut by the platform: asked for again when the view's epoch has moved, at
 * most one request at a time.
 */
import { useEffect, useRef, useState } from "react"
import { ApiFailure, type RowsQuery, readRows } from "../api/client.ts"
import { EMPTY_STORE, type RowStore, replaceRows } from "./row-store.ts"

export interface FetchedRows {
  readonly store: RowStore
  readonly problem: string | null
}

interface Request {
  readonly view: string
  readonly key: readonly string[] | null
  readonly query: RowsQuery
  /** Null: not now. */
  readonly epoch: number | null
}

const NOTHING: FetchedRows = { store: EMPTY_STORE, problem: null }

export function useRows({ view, key, query, epoch }: Request): FetchedRows {
  const [fetched, setFetched] = useState(NOTHING)
  const running = useRef<Promise<void>>(Promise.resolve())
  const wanted = useRef("")
  const asked = JSON.stringify({ view, key, query })
  useEffect(() => {
    if (epoch === null) return
    const isNewQuestion = !wanted.current.startsWith(asked)
    const mine = `${asked}${epoch}`
    wanted.current = mine
    running.current = running.current.then(async () => {
      if (wanted.current !== mine) return
      const { view, key, query } = JSON.parse(asked) as Request
      try {
        const page = await readRows(view, query)
        setFetched((previous) => ({
          store: replaceRows(isNewQuestion ? EMPTY_STORE : previous.store, page.rows, {
            key,
            epoch: page.epoch,
          }),
          problem: null,
        }))
      } catch (error) {
        const problem = error instanceof ApiFailure ? error.message : String(error)
        setFetched((previous) => ({ ...previous, problem }))
      }
    })
  }, [asked, epoch])
  return fetched
}
