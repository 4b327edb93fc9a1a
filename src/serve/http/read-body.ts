/**
 * The bytes of one request body, at most MAX_BODY_BYTES before and after decompression. A body that came in
 * one chunk is handed on as it is; others are copied once, into a buffer of the declared length, and the
 * chunks are freed at once. What does not arrive whole is never handed on.
 */
import type { IncomingMessage } from "node:http"
import { createGunzip } from "node:zlib"
import { freeMemory } from "../../std/free-memory.ts"
import { bodyAborted, bodyNotGzip, bodyTooLarge } from "../errors.ts"
import { FIRST_BODY_BYTES, MAX_BODY_BYTES } from "../limits.ts"
import type { BodyLease } from "./body-budget.ts"

const NO_BYTES = new Uint8Array(0)
/** Smaller chunks are left to the collector: freeing one costs more than it saves. */
const LEAST_FREED_BYTES = 4_096

export interface Body {
  readonly bytes: Uint8Array
  /** They lie in a buffer that nobody else looks at. */
  readonly isOwn: boolean
}

/** @throws body-too-large, body-aborted, body-not-gzip, overloaded */
export async function readBody(
  request: IncomingMessage,
  lease: BodyLease,
  { gzip }: { readonly gzip: boolean },
): Promise<Body> {
  const declared = Number(request.headers["content-length"] ?? 0)
  if (declared > MAX_BODY_BYTES) throw bodyTooLarge(MAX_BODY_BYTES, "received")
  try {
    return gzip ? await readGzip(request, lease) : await readPlain(request, lease, declared)
  } finally {
    request.resume()
  }
}

function readPlain(request: IncomingMessage, lease: BodyLease, declared: number): Promise<Body> {
  const collected = new Collector(lease, declared, "received")
  return new Promise((resolve, reject) => {
    const settle = (error: unknown) => {
      request.off("data", onData)
      request.off("end", onEnd)
      request.off("close", onClose)
      if (error === null) resolve(collected.body())
      else reject(error)
    }
    const onData = (chunk: Uint8Array) => {
      const error = attempt(() => collected.add(chunk))
      if (error !== null) settle(error)
    }
    const onEnd = () => settle(request.complete ? null : bodyAborted())
    const onClose = () => settle(bodyAborted())
    request.on("data", onData)
    request.on("end", onEnd)
    request.on("close", onClose)
    request.on("error", onClose)
  })
}

function readGzip(request: IncomingMessage, lease: BodyLease): Promise<Body> {
  const collected = new Collector(lease, 0, "decompressed")
  const gunzip = createGunzip()
  let receivedBytes = 0
  return new Promise((resolve, reject) => {
    const settle = (error: unknown) => {
      request.off("data", onData)
      request.off("end", onEnd)
      request.off("close", onClose)
      gunzip.off("data", onOutput)
      gunzip.destroy()
      if (error === null) resolve(collected.body())
      else reject(error)
    }
    const onData = (chunk: Uint8Array) => {
      receivedBytes += chunk.length
      if (receivedBytes > MAX_BODY_BYTES) settle(bodyTooLarge(MAX_BODY_BYTES, "received"))
      else if (!gunzip.write(chunk)) request.pause()
    }
    const onOutput = (chunk: Uint8Array) => {
      const error = attempt(() => collected.add(chunk))
      if (error !== null) settle(error)
    }
    const onEnd = () => {
      if (request.complete) gunzip.end()
      else settle(bodyAborted())
    }
    const onClose = () => {
      if (!request.complete) settle(bodyAborted())
    }
    gunzip.on("data", onOutput)
    gunzip.on("drain", () => request.resume())
    gunzip.on("error", (error) => settle(bodyNotGzip(error)))
    gunzip.on("end", () => settle(null))
    request.on("data", onData)
    request.on("end", onEnd)
    request.on("close", onClose)
    request.on("error", onClose)
  })
}

/** Chunks as one array, grown by doubling up to what is allowed. */
class Collector {
  readonly #lease: BodyLease
  readonly #declared: number
  readonly #state: "received" | "decompressed"
  #buffer: Uint8Array = NO_BYTES
  #length = 0
  #isOwn = false

  constructor(lease: BodyLease, declared: number, state: "received" | "decompressed") {
    this.#lease = lease
    this.#declared = declared
    this.#state = state
  }

  add(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length
    if (needed > MAX_BODY_BYTES) throw bodyTooLarge(MAX_BODY_BYTES, this.#state)
    if (this.#length === 0 && (needed === this.#declared || this.#declared === 0)) {
      this.#lease.grow(chunk.length)
      this.#buffer = chunk
      this.#length = needed
      this.#isOwn = this.#isWhole(chunk)
      return
    }
    if (needed > this.#buffer.length) this.#grow(needed)
    this.#buffer.set(chunk, this.#length)
    this.#length = needed
    if (this.#isWhole(chunk)) freeMemory(chunk.buffer as ArrayBuffer)
  }

  /** Node's parser makes a buffer for each chunk and forgets it; zlib goes on with its own. */
  #isWhole(chunk: Uint8Array): boolean {
    return (
      this.#state === "received" &&
      chunk.length >= LEAST_FREED_BYTES &&
      chunk.length === chunk.buffer.byteLength
    )
  }

  /** The declared length is believed up to FIRST_BODY_BYTES, then doubled as bytes really come. */
  #grow(needed: number): void {
    const doubled = Math.max(needed, Math.min(this.#declared, FIRST_BODY_BYTES), 2 * this.#buffer.length)
    const capacity = Math.min(doubled, this.#declared >= needed ? this.#declared : MAX_BODY_BYTES)
    this.#lease.grow(capacity - this.#buffer.length)
    const grown = Buffer.allocUnsafeSlow(capacity)
    grown.set(this.#buffer.subarray(0, this.#length))
    if (this.#isOwn) freeMemory(this.#buffer.buffer as ArrayBuffer)
    this.#buffer = grown
    this.#isOwn = true
  }

  body(): Body {
    return { bytes: this.#buffer.subarray(0, this.#length), isOwn: this.#isOwn }
  }
}

function attempt(action: () => void): unknown {
  try {
    action()
    return null
  } catch (error) {
    return error
  }
}
