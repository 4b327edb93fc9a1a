/** A check of a view over HTTP, to its end: one that takes long is followed by its id. */
import { setTimeout as sleep } from "node:timers/promises"

export interface VerificationAnswer {
  readonly verdict: string
  readonly reason: string | null
  readonly rows_compared: number
}

interface RunAnswer<T> {
  readonly verification: T | null
  readonly error: { readonly detail?: string; readonly message?: string } | null
  readonly state: string
}

const POLL_MS = 250

/** @param patienceMs how long a store may take to start
 *  @throws Error with the problem's words */
export async function verifyView<T extends VerificationAnswer>(
  url: string,
  view: string,
  patienceMs = 60_000,
): Promise<T> {
  const deadlineMs = performance.now() + patienceMs
  for (;;) {
    const response = await fetch(`${url}/v1/views/${view}/verify?wait_ms=30000`, { method: "POST" })
    if (response.status === 200) return (await response.json()) as T
    if (response.status === 202) {
      return await followRun<T>(new URL(response.headers.get("location") ?? "", url))
    }
    const { detail } = (await response.json()) as { detail: string }
    if (response.status !== 503 || performance.now() > deadlineMs) throw new Error(detail)
    await sleep(POLL_MS)
  }
}

async function followRun<T>(location: URL): Promise<T> {
  for (;;) {
    const run = (await (await fetch(location)).json()) as RunAnswer<T>
    if (run.verification !== null) return run.verification
    if (run.error !== null) throw new Error(JSON.stringify(run.error))
    if (run.state === "stopped") throw new Error(`the check at ${location.pathname} was stopped`)
    await sleep(POLL_MS)
  }
}
