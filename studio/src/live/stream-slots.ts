/**
 * Browsers open six connections to one origin over HTTP/1.1, and a change stream keeps its own for good.
 * Views ask for a slot here, so that plain requests and a second window always find a free connection.
 */

const STREAMS_PER_PAGE = 2

const holders = new Set<string>()

/** True when `name` may hold a stream. A slot is kept until it is given back. */
export function takeSlot(name: string): boolean {
  if (holders.has(name)) return true
  if (holders.size >= STREAMS_PER_PAGE) return false
  holders.add(name)
  return true
}

export function giveSlotBack(name: string): void {
  holders.delete(name)
}
