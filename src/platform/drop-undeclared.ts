/**
 * Tables of events and views that the project does not declare any more go, however often the store pauses.
 */
import { type Scheduler, sleep } from "../std/clock.ts"
import { isPlatformError } from "../std/errors.ts"
import type { HotStore, StoreNames } from "../stores/store.ts"

export interface Undeclared {
  readonly store: Pick<HotStore, "dropOthers">
  /** What is declared. */
  readonly names: StoreNames
  /** Resolves when the store answers; rejects when it never will. */
  readonly ready: () => Promise<void>
  readonly scheduler: Scheduler
  readonly report: (message: string) => void
}

/** The store may have gone before whoever supervises it has heard of it. */
const PAUSE_MS = 250

/** @throws what `ready` throws, and what the store refuses */
export async function dropUndeclared({ store, names, ready, scheduler, report }: Undeclared): Promise<void> {
  for (;;) {
    await ready()
    try {
      for (const table of await store.dropOthers(names)) {
        report(`The store's table ${table} is dropped: the project does not declare it any more.`)
      }
      return
    } catch (error) {
      if (!isPlatformError(error, "store-unavailable")) throw error
      await sleep(scheduler, PAUSE_MS)
    }
  }
}
