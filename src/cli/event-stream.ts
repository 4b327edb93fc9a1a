/**
 * Reads Server-Sent Events from bytes, after the HTML standard's grammar: lines end with LF, CR or CRLF; a
 * blank line ends an event; `id` is remembered for the next connection.
 */

export interface StreamEvent {
  readonly name: string
  readonly data: string
  /** The id to continue behind after this event; null before the first. */
  readonly lastEventId: string | null
}

/** Longer than any event that the platform sends: a snapshot's piece of a thousand wide rows. */
const MAX_EVENT_CHARACTERS = 256 * 1024 * 1024

export async function* readEventStream(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder()
  let pending = ""
  let name = ""
  let data: string[] = []
  let lastEventId: string | null = null
  for await (const chunk of bytes) {
    pending += decoder.decode(chunk, { stream: true })
    // A CR at the end may be half of a CRLF.
    const lines = pending.split(/\r\n|\n|\r(?!$)/)
    pending = lines.pop()!
    if (pending.length > MAX_EVENT_CHARACTERS) throw new Error("an event of the stream does not end")
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) yield { name: name || "message", data: data.join("\n"), lastEventId }
        name = ""
        data = []
        continue
      }
      const { field, value } = parseLine(line)
      if (field === "event") name = value
      else if (field === "data") data.push(value)
      else if (field === "id" && !value.includes("\0")) lastEventId = value
    }
  }
}

/** A line that begins with a colon is a comment: its field is empty. */
function parseLine(line: string): { field: string; value: string } {
  const colon = line.indexOf(":")
  if (colon < 0) return { field: line, value: "" }
  const value = line.slice(colon + 1)
  return { field: line.slice(0, colon), value: value.startsWith(" ") ? value.slice(1) : value }
}
