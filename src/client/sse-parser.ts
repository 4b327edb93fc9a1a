/** The event stream format (WHATWG HTML, 9.2.6) from pieces of text. */

export interface StreamMessage {
  readonly event: string
  readonly data: string
  /** The last id that the stream has given so far; "" before the first. */
  readonly lastEventId: string
}

/** A line that never ends is no event stream. A view's epoch is far below. */
const MAX_PENDING_CHARACTERS = 256 << 20

export class SseParser {
  readonly #onMessage: (message: StreamMessage) => void
  /** Text whose line has not ended. */
  #rest: string[] = []
  #restLength = 0
  #skipLineFeed = false
  #event = ""
  #data: string[] = []
  #lastEventId = ""
  /** From `retry:`; null until the server says. */
  retryMs: number | null = null

  constructor(onMessage: (message: StreamMessage) => void) {
    this.#onMessage = onMessage
  }

  /** @throws RangeError when a line grows without end. */
  feed(chunk: string): void {
    let start = this.#skipLineFeed && chunk.startsWith("\n") ? 1 : 0
    if (chunk !== "") this.#skipLineFeed = false
    const breaks = /\r\n?|\n/g
    breaks.lastIndex = start
    for (let found = breaks.exec(chunk); found !== null; found = breaks.exec(chunk)) {
      this.#line(this.#take(chunk.slice(start, found.index)))
      start = breaks.lastIndex
      // A carriage return that ends the chunk may have its line feed in the next one.
      if (start === chunk.length && found[0] === "\r") this.#skipLineFeed = true
    }
    this.#keep(chunk.slice(start))
  }

  #keep(text: string): void {
    if (text === "") return
    this.#rest.push(text)
    this.#restLength += text.length
    if (this.#restLength > MAX_PENDING_CHARACTERS) throw new RangeError("a line of the stream never ends")
  }

  #take(text: string): string {
    if (this.#restLength === 0) return text
    const line = this.#rest.join("") + text
    this.#rest = []
    this.#restLength = 0
    return line
  }

  #line(line: string): void {
    if (line === "") this.#dispatch()
    else if (!line.startsWith(":")) this.#field(line)
  }

  #field(line: string): void {
    const colon = line.indexOf(":")
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1)
    if (name === "data") this.#data.push(value)
    else if (name === "event") this.#event = value
    else if (name === "id" && !value.includes("\0")) this.#lastEventId = value
    else if (name === "retry" && /^\d{1,9}$/.test(value)) this.retryMs = Number(value)
  }

  #dispatch(): void {
    if (this.#data.length > 0) {
      const message = { event: this.#event || "message", data: this.#data.join("\n") }
      this.#onMessage({ ...message, lastEventId: this.#lastEventId })
    }
    this.#event = ""
    this.#data = []
  }
}
