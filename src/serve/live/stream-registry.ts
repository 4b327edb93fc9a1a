/** All open event streams of a server: their limit, and the one place from which they are closed. */
import type { FastifyReply } from "fastify"
import type { Scheduler } from "../../std/clock.ts"
import { tooManyStreams } from "../errors.ts"
import { EventStream } from "./event-stream.ts"

export class StreamRegistry {
  readonly #scheduler: Scheduler
  readonly #limit: number
  readonly #streams = new Set<EventStream>()

  constructor(scheduler: Scheduler, { limit }: { readonly limit: number }) {
    this.#scheduler = scheduler
    this.#limit = limit
  }

  get size(): number {
    return this.#streams.size
  }

  /** @throws too-many-streams, to be called before anything that needs to be undone. */
  assertRoom(): void {
    if (this.#streams.size >= this.#limit) throw tooManyStreams(this.#limit)
  }

  /** Takes the response over from Fastify; from here on failures can only end the stream. */
  open(reply: FastifyReply): EventStream {
    this.assertRoom()
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(reply.getHeaders())) headers[name] = String(value)
    reply.hijack()
    const stream = new EventStream(reply.raw, this.#scheduler, headers)
    this.#streams.add(stream)
    stream.onClose(() => this.#streams.delete(stream))
    return stream
  }

  closeAll(): void {
    for (const stream of this.#streams) stream.close()
  }
}
