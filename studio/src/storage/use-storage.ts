/** How the store and the lake are, every few seconds while they are looked at. */
import { useEffect, useState } from "react"
import { wordsOf } from "../api/http.ts"
import { type LakeStatus, readLake, readStore, type StoreStatus } from "../api/storage.ts"
import { poll } from "../live/poll.ts"

const PAUSE_MS = 3_000

export interface Known<T> {
  /** Null until it was answered; the last answer while it is not. */
  readonly value: T | null
  readonly problem: string | null
}

export interface Storage {
  readonly store: Known<StoreStatus>
  readonly lake: Known<LakeStatus>
}

const NOTHING: Storage = { store: { value: null, problem: null }, lake: { value: null, problem: null } }

export function useStorage(enabled: boolean): Storage {
  const [storage, setStorage] = useState(NOTHING)
  useEffect(() => {
    if (!enabled) return
    let current = true
    const stop = poll(async () => {
      const [store, lake] = await Promise.all([known(readStore), known(readLake)])
      if (!current) return
      setStorage((before) => ({ store: after(before.store, store), lake: after(before.lake, lake) }))
    }, PAUSE_MS)
    return () => {
      current = false
      stop()
    }
  }, [enabled])
  return storage
}

async function known<T>(read: () => Promise<T>): Promise<Known<T>> {
  try {
    return { value: await read(), problem: null }
  } catch (error) {
    return { value: null, problem: wordsOf(error) }
  }
}

function after<T>(before: Known<T>, next: Known<T>): Known<T> {
  return next.value === null ? { value: before.value, problem: next.problem } : next
}
