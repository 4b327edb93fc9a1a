/**
 * The sending end of one text/event-stream response. `send` resolves when the socket has room again, so that
 * a slow reader slows its own pump and nothing piles up here: at most one event waits in the socket's buffer.
 * A reader that takes nothing for STALLED_STREAM_MS is cut off.
 */
import type { ServerResponse } from "node:http"
import type { Scheduler, Timer } from "../../std/clock.ts"
import { HEARTBEAT_MS, RECONNECT_MS, STALLED_STREAM_MS } from "../limits.ts"

export interface StreamEvent {
  readonly name: string
  /** Null: a reader that reconnects resumes behind the last event that had one. */
  readonly id: string | null
  /** JSON text; line breaks between its tokens are made into spaces, in its strings there are none. */
  readonly data: string
}

export class EventStream {
  readonly #response: ServerResponse
  readonly #scheduler: Scheduler
  readonly #onClose: (() => void)[] = []
  #heartbeat: Timer | null = null
  #closed = false
  #wake: (() => void) | null = null

  constructor(response: ServerResponse, scheduler: Scheduler, headers: Readonly<Record<string, string>>) {
    this.#response = response
    this.#scheduler = scheduler
    response.on("close", () => this.#finish())
    response.on("error", () => this.#finish())
    response.writeHead(200, { ...headers, "content-type": "text/event-stream; charset=utf-8" })
    response.write(`retry: ${RECONNECT_MS}\n\n`)
    this.#scheduleHeartbeat()
    if (response.destroyed) this.#finish()
  }

  get closed(): boolean {
    return this.#closed
  }

  /**
   * Runs `action` when the reader has gone or the stream was closed; at once when that has happened already.
   */
  onClose(action: () => void): void {
    if (this.#closed) action()
    else this.#onClose.push(action)
  }

  /** False when there is nobody left to send to. */
  async send(event: StreamEvent): Promise<boolean> {
    if (this.#closed) return false
    const id = event.id === null ? "" : `id: ${event.id}\n`
    const data = event.data.replace(/[\r\n]+/g, " ")
    if (this.#response.write(`event: ${event.name}\n${id}data: ${data}\n\n`)) return true
    await this.#drained()
    return !this.#closed
  }

  close(): void {
    if (this.#closed) return
    this.#response.end()
    this.#finish()
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const stalled = this.#scheduler.after(STALLED_STREAM_MS, () => this.#response.destroy())
      const done = () => {
        this.#response.off("drain", done)
        this.#wake = null
        stalled.cancel()
        resolve()
      }
      this.#wake = done
      this.#response.on("drain", done)
    })
  }

  /** A comment, so that proxies keep the connection and we notice readers that have gone. */
  #scheduleHeartbeat(): void {
    this.#heartbeat = this.#scheduler.after(HEARTBEAT_MS, () => {
      if (this.#closed) return
      if (this.#wake === null) this.#response.write(": heartbeat\n\n")
      this.#scheduleHeartbeat()
    })
  }

  #finish(): void {
    if (this.#closed) return
    this.#closed = true
    this.#heartbeat?.cancel()
    this.#wake?.()
    for (const action of this.#onClose.splice(0)) action()
  }
}
