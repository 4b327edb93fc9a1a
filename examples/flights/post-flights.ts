/**
 * Posts flights as NDJSON and waits for the answer: in order, one post at a time, so that nothing overtakes.
 * A platform that says "too much" is obeyed, one that does not answer is asked again; ids make that safe.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { instantOf } from "./departures.ts"
import type { Flights } from "./flights-file.ts"

export interface PostAnswer {
  readonly accepted: number
  readonly duplicates: number
  readonly rejected_count: number
}

/** Times that one post is tried: with pauses of up to 5 s, about a minute of a platform that is down. */
const ATTEMPTS = 15
const LONGEST_PAUSE_MS = 5_000

/** Rows `from` to before `to`, one JSON object a line. */
export function toNdjson(block: Flights, from: number, to: number): string {
  let text = ""
  // Neighbours leave within minutes of each other, so few instants are spelt out more than once.
  const instants = new Map<number, string>()
  for (let row = from; row < to; row++) {
    const origin = block.airports[block.origin[row]!]!
    const destination = block.airports[block.destination[row]!]!
    const minute = block.scheduledMinute[row]!
    const instant = instants.get(minute) ?? instantOf(minute)
    instants.set(minute, instant)
    text +=
      `{"flight_id":${block.id[row]!},"scheduled_at":"${instant}",` +
      `"delay_minutes":${block.delayMinutes[row]!},"distance_miles":${block.distanceMiles[row]!},` +
      `"origin":"${origin}","destination":"${destination}"}\n`
  }
  return text
}

/** @throws Error when the platform refuses the post as a whole, or stays away. */
export async function postFlights(url: string, body: string, signal: AbortSignal): Promise<PostAnswer> {
  for (let attempt = 1; ; attempt++) {
    const response = await send(url, body, signal)
    if (response instanceof Error) {
      if (attempt >= ATTEMPTS) throw new Error(`${url} does not answer`, { cause: response })
    } else if (response.status === 200 || response.status === 422) {
      return (await response.json()) as PostAnswer
    } else {
      const words = await response.text()
      const again = response.status === 429 || response.status === 503
      if (!again || attempt >= ATTEMPTS) throw new Error(`HTTP ${response.status}: ${words}`)
    }
    await sleep(pauseMs(response, attempt), undefined, { signal })
  }
}

async function send(url: string, body: string, signal: AbortSignal): Promise<Response | Error> {
  try {
    const headers = { "content-type": "application/x-ndjson" }
    // Not cut short by `signal`: what was sent is answered, so that it is counted.
    return await fetch(`${url}/v1/events/flight`, { method: "POST", headers, body })
  } catch (error) {
    if (signal.aborted || !(error instanceof Error)) throw error
    return error
  }
}

/** What the platform asks for, else longer from time to time. */
function pauseMs(response: Response | Error, attempt: number): number {
  const asked = response instanceof Error ? null : response.headers.get("retry-after")
  const ms = asked === null ? 100 * 2 ** attempt : Number(asked) * 1_000
  return Number.isFinite(ms) ? Math.min(ms, LONGEST_PAUSE_MS) : LONGEST_PAUSE_MS
}
