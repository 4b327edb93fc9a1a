/**
 * Statements from the first byte of their request to their end, so that whoever comes back after a broken
 * connection can have what it sent before stopped, and know that it has ended.
 */

interface Running {
  readonly queryId: string
  readonly stop: AbortController
  readonly done: Promise<void>
}

export class RunningStatements {
  readonly #running = new Set<Running>()

  /** @returns to be called when the statement has ended, whatever way */
  enter(queryId: string, stop: AbortController): () => void {
    const { promise: done, resolve } = Promise.withResolvers<void>()
    const entry = { queryId, stop, done }
    this.#running.add(entry)
    return () => {
      this.#running.delete(entry)
      resolve()
    }
  }

  /** Stops those whose id begins with `prefix`; resolves when all of them have ended. */
  async settle(prefix: string): Promise<void> {
    const found = [...this.#running].filter(({ queryId }) => queryId.startsWith(prefix))
    for (const { stop } of found) stop.abort()
    await Promise.all(found.map(({ done }) => done))
  }
}
