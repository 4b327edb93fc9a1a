/**
 * A view's rows for its table and its chart. A small view is followed whole through its change stream and
 * sorted here; a large one is sorted and cut by the platform, once for the table and once for the chart.
 */
import { useEffect, useMemo, useState } from "react"
import type { Row, View } from "../api/types.ts"
import type { RowStore } from "../live/row-store.ts"
import { giveSlotBack, takeSlot } from "../live/stream-slots.ts"
import { useChanges } from "../live/use-changes.ts"
import { useRows } from "../live/use-rows.ts"
import { type Sort, sortRows } from "./sort.ts"

/** A view larger than this is not brought into the browser whole. */
const FOLLOWED_ROWS = 1_000
/** Rows of the table: what a reader looks through before asking a better question. */
export const TABLE_ROWS = 50

export interface ViewData {
  readonly mode: "stream" | "poll"
  readonly table: readonly (readonly [key: string, row: Row])[]
  readonly chart: readonly Row[]
  readonly changed: RowStore["changed"]
  readonly step: number
  /** False while a change stream is broken. */
  readonly connected: boolean
  readonly problem: string | null
}

export interface Question {
  readonly view: View
  readonly sort: Sort
  /** Null: the chart shows what the table shows. */
  readonly chart: { readonly sort: string; readonly limit: number } | null
  readonly onScreen: boolean
}

export function useViewData({ view, sort, chart, onScreen }: Question): ViewData {
  const small = view.key !== null && view.row_count <= FOLLOWED_ROWS
  const streaming = useSlot(view.name, small && onScreen)
  const followed = useChanges(view.name, view.key, streaming)
  const epoch = onScreen && !streaming ? view.epoch : null
  const sortText = `${sort.descending ? "-" : ""}${sort.column}`
  const fetched = useRows({
    view: view.name,
    key: view.key,
    query: { sort: sortText, limit: TABLE_ROWS },
    epoch,
  })
  const charted = useRows({
    view: view.name,
    key: view.key,
    query: chart ?? { limit: 1 },
    epoch: chart === null ? null : epoch,
  })
  const store = streaming ? followed.store : fetched.store
  const table = useMemo(
    () => (streaming ? sortRows(store.rows, view.columns, sort).slice(0, TABLE_ROWS) : [...store.rows]),
    [streaming, store, view.columns, sort],
  )
  const chartStore = streaming ? followed.store : charted.store
  const chartRows = useMemo(() => [...chartStore.rows.values()], [chartStore])
  return {
    mode: streaming ? "stream" : "poll",
    table,
    chart: chartRows,
    changed: store.changed,
    step: store.step,
    connected: !streaming || followed.connected,
    problem: streaming ? null : (fetched.problem ?? charted.problem),
  }
}

function useSlot(name: string, wanted: boolean): boolean {
  const [held, setHeld] = useState(false)
  useEffect(() => {
    if (!wanted) return
    setHeld(takeSlot(name))
    return () => {
      giveSlotBack(name)
      setHeld(false)
    }
  }, [name, wanted])
  return held
}
