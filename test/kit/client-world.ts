/**
 * A client's surroundings in a test's hands: time stands still until it is moved, and answers are scripted.
 */

import type { Surroundings } from "../../src/client/surroundings.ts"
import { SeededRandom } from "../../src/std/random.ts"

export type Reply = Response | Error | ((url: string, init: RequestInit) => Response | Promise<Response>)

export interface ClientWorld extends Surroundings {
  /** What was asked, in order. */
  readonly requests: { readonly url: string; readonly body: string; readonly atMs: number }[]
  /** Answers to come, one for each request; the last one stays. */
  replies: Reply[]
  /** Lets time pass, firing timers in their order. */
  advance(ms: number): Promise<void>
}

export function clientWorld(replies: Reply[] = []): ClientWorld {
  let nowMs = 1_700_000_000_000
  const timers = new Set<{ readonly atMs: number; readonly task: () => void }>()
  const random = new SeededRandom(7)
  const world: ClientWorld = {
    requests: [],
    replies,
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (delayMs, task) => {
      const timer = { atMs: nowMs + delayMs, task }
      timers.add(timer)
      return { cancel: () => void timers.delete(timer) }
    },
    soon: (task) => void Promise.resolve().then(task),
    random: () => random.float(),
    fillRandom: (target) => random.fill(target),
    request: (url, init) => {
      world.requests.push({ url, body: String(init.body ?? ""), atMs: nowMs })
      const reply = world.replies.length > 1 ? world.replies.shift() : world.replies[0]
      if (reply === undefined || reply instanceof Error) return Promise.reject(reply ?? new Error("no reply"))
      return abortable(Promise.resolve(typeof reply === "function" ? reply(url, init) : reply.clone()), init)
    },
    advance: async (ms) => {
      const endMs = nowMs + ms
      for (;;) {
        await settle()
        const due = [...timers].filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
        if (due === undefined) break
        timers.delete(due)
        nowMs = due.atMs
        due.task()
      }
      nowMs = endMs
    },
  }
  return world
}

/** Lets promises that are ready run, also those that come of them. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve))
}

function abortable(response: Promise<Response>, { signal }: RequestInit): Promise<Response> {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason))
    response.then(resolve, reject)
  })
}

/** The server's answer to a post of rows; every row is taken unless told otherwise. */
export function ingestReply(_url: string, init: RequestInit): Response {
  const received = String(init.body).split("\n").length
  return Response.json({ received, accepted: received, duplicates: 0, rejected: [], receipt: `r${received}` })
}
