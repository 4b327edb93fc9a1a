/**
 * One view's change stream, kept alive: when the connection breaks or falls silent it is opened again behind
 * the last epoch that was seen whole. Pieces of a snapshot are kept aside until the last one has come.
 */
import { ReaderError } from "./errors.ts"
import { readProblem } from "./problem-answer.ts"
import { retryDelayMs } from "./retry-delay.ts"
import type { StreamMessage } from "./sse-parser.ts"
import { SseParser } from "./sse-parser.ts"
import type { Surroundings } from "./surroundings.ts"

export interface Position {
  readonly epoch: number
  readonly watermark: string | null
}

export interface Change<Row> {
  /** +1: the row has come; -1: it is gone. A view without a key may have larger ones. */
  readonly weight: number
  readonly row: Row
}

export interface ChangeHandlers<Row> {
  /** The whole view: replaces what was known. Comes first, and again when changes were missed. */
  readonly onSnapshot: (rows: readonly Row[], position: Position) => void
  /** What one epoch changed: apply all of it, then show. */
  readonly onChanges: (changes: readonly Change<Row>[], position: Position) => void
  /** Told when the connection is there and when it has gone. */
  readonly onConnection?: (connected: boolean) => void
  readonly signal?: AbortSignal
  /** @default "string" */
  readonly numbers?: "string" | "json"
}

/**
 * The server sends a heartbeat every 15 seconds; after three missed ones the connection is taken for dead.
 */
const SILENCE_MS = 45_000

interface Snapshot<Row> extends Position {
  readonly rows: readonly Row[]
  readonly last: boolean
}

interface Changes<Row> extends Position {
  readonly changes: readonly Change<Row>[]
}

export async function followView<Row>(
  url: string,
  handlers: ChangeHandlers<Row>,
  given: Surroundings,
): Promise<void> {
  const follower = new Follower(url, handlers, given)
  const stopped = () => handlers.signal?.aborted === true
  for (let failures = 0; !stopped(); ) {
    const seen = await follower.connect()
    failures = seen ? 0 : failures + 1
    if (stopped()) return
    const delayMs = seen ? (follower.retryMs ?? 0) : retryDelayMs(failures, follower.retryMs, given.random())
    await pause(delayMs, handlers.signal, given)
  }
}

class Follower<Row> {
  readonly #url: string
  readonly #handlers: ChangeHandlers<Row>
  readonly #given: Surroundings
  #lastEventId = ""
  #pieces: Row[] = []
  #failure: unknown = null
  retryMs: number | null = null

  constructor(url: string, handlers: ChangeHandlers<Row>, given: Surroundings) {
    const { numbers } = handlers
    this.#url = numbers === undefined ? url : `${url}?numbers=${numbers}`
    this.#handlers = handlers
    this.#given = given
  }

  /** True when anything was read before the connection ended. @throws ReaderError, what a handler throws */
  async connect(): Promise<boolean> {
    const abort = new AbortController()
    const stop = () => abort.abort()
    const { signal, onConnection } = this.#handlers
    signal?.addEventListener("abort", stop)
    if (signal?.aborted === true) stop()
    let seen = false
    try {
      const headers: Record<string, string> = { accept: "text/event-stream" }
      if (this.#lastEventId !== "") headers["last-event-id"] = this.#lastEventId
      const response = await this.#given.request(this.#url, {
        headers,
        signal: abort.signal,
        cache: "no-store",
      })
      if (response.status !== 200 || response.body === null) return await this.#refused(response)
      onConnection?.(true)
      seen = true
      await this.#read(response.body, abort)
    } catch (error) {
      // A broken connection is what this class is there for; the handlers' own failures and refusals are not.
      if (error instanceof ReaderError || error === this.#failure) throw error
    } finally {
      signal?.removeEventListener("abort", stop)
      abort.abort()
      if (seen) onConnection?.(false)
    }
    return seen
  }

  async #refused(response: Response): Promise<false> {
    const { status, code, detail, retryAfterMs } = await readProblem(response, this.#given.nowMs())
    if (status < 500 && status !== 429 && status !== 408) {
      throw new ReaderError({ code, domain: "user", message: detail, status })
    }
    this.retryMs = retryAfterMs
    return false
  }

  async #read(body: ReadableStream<Uint8Array>, abort: AbortController): Promise<void> {
    const parser = new SseParser((message) => this.#take(message))
    const decoder = new TextDecoder()
    const reader = body.getReader()
    this.#pieces = []
    let heard = this.#given.after(SILENCE_MS, () => abort.abort())
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        heard.cancel()
        heard = this.#given.after(SILENCE_MS, () => abort.abort())
        parser.feed(decoder.decode(value, { stream: true }))
        this.retryMs = parser.retryMs
      }
    } finally {
      heard.cancel()
    }
  }

  #take({ event, data, lastEventId }: StreamMessage): void {
    const update: unknown = JSON.parse(data)
    try {
      if (event === "snapshot") this.#takeSnapshot(update as Snapshot<Row>)
      else if (event === "changes") this.#takeChanges(update as Changes<Row>)
    } catch (error) {
      this.#failure = error
      throw error
    }
    if (lastEventId !== "") this.#lastEventId = lastEventId
  }

  #takeSnapshot({ rows, last, epoch, watermark }: Snapshot<Row>): void {
    for (const row of rows) this.#pieces.push(row)
    if (!last) return
    const whole = this.#pieces
    this.#pieces = []
    this.#handlers.onSnapshot(whole, { epoch, watermark })
  }

  #takeChanges({ changes, epoch, watermark }: Changes<Row>): void {
    this.#pieces = []
    this.#handlers.onChanges(changes, { epoch, watermark })
  }
}

function pause(delayMs: number, signal: AbortSignal | undefined, given: Surroundings): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel()
      signal?.removeEventListener("abort", done)
      resolve()
    }
    const timer = given.after(delayMs, done)
    signal?.addEventListener("abort", done)
  })
}
