/**
 * A small view, followed through its change stream: a snapshot, then changes as they happen. Updates are
 * gathered for a moment, so that a thousand epochs a second paint the page a few times a second.
 */
import { useEffect, useState } from "react"
import { changesUrl } from "../api/client.ts"
import type { Changes, Row, Snapshot } from "../api/types.ts"
import { applyChanges, EMPTY_STORE, type RowStore, replaceRows } from "./row-store.ts"

const PAINT_EVERY_MS = 250
/** EventSource reconnects by itself unless the answer was an error; then we try again after this pause. */
const REOPEN_MS = 2_000

export interface Followed {
  readonly store: RowStore
  /** False while the stream is broken; the rows are then the last ones known. */
  readonly connected: boolean
}

export function useChanges(view: string, key: readonly string[] | null, enabled: boolean): Followed {
  const [followed, setFollowed] = useState<Followed>({ store: EMPTY_STORE, connected: false })
  const keyText = JSON.stringify(key)
  useEffect(() => {
    if (!enabled) return
    return follow(view, JSON.parse(keyText) as readonly string[] | null, setFollowed)
  }, [view, keyText, enabled])
  return followed
}

function follow(view: string, key: readonly string[] | null, show: (followed: Followed) => void): () => void {
  let store = EMPTY_STORE
  let connected = false
  let snapshot: Row[] = []
  let waiting: Changes[] = []
  let paint: ReturnType<typeof setTimeout> | undefined
  let reopen: ReturnType<typeof setTimeout> | undefined
  let source = open()

  function schedule(): void {
    paint ??= setTimeout(() => {
      paint = undefined
      if (waiting.length > 0) store = applyChanges(store, waiting, key)
      waiting = []
      show({ store, connected })
    }, PAINT_EVERY_MS)
  }

  function open(): EventSource {
    const opened = new EventSource(changesUrl(view))
    opened.addEventListener("open", () => {
      connected = true
      schedule()
    })
    opened.addEventListener("snapshot", (message) => {
      const part = JSON.parse(message.data as string) as Snapshot
      snapshot.push(...part.rows)
      if (!part.last) return
      store = replaceRows(store, snapshot, { key, epoch: part.epoch })
      snapshot = []
      waiting = []
      schedule()
    })
    opened.addEventListener("changes", (message) => {
      waiting.push(JSON.parse(message.data as string) as Changes)
      schedule()
    })
    opened.addEventListener("error", () => {
      connected = false
      snapshot = []
      schedule()
      if (opened.readyState !== EventSource.CLOSED) return
      clearTimeout(reopen)
      reopen = setTimeout(() => {
        source = open()
      }, REOPEN_MS)
    })
    return opened
  }

  return () => {
    source.close()
    clearTimeout(paint)
    clearTimeout(reopen)
  }
}
