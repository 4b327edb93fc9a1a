/**
 * Sends a test event and follows it: the answer at the door, then each view's verdict (a request that waits
 * for the receipt), then the row that the event went into.
 */
import { useCallback, useRef, useState } from "react"
import { readRows, sendEvent } from "../api/client.ts"
import { ApiFailure, wordsOf } from "../api/http.ts"
import type { EventStream, IngestAnswer, Row, VerdictCounts, View } from "../api/types.ts"
import { rowQuestion } from "./row-question.ts"

export interface Arrival {
  readonly view: string
  /** Null while waiting. */
  readonly verdicts: VerdictCounts | null
  readonly tookMs: number | null
  readonly epoch: number | null
  /** The row that the event went into, when it can be told from the event's own fields. */
  readonly row: Row | null
  readonly problem: string | null
}

export type Arrivals = ReadonlyMap<string, Arrival>

export type SendState =
  | { readonly kind: "idle" }
  | { readonly kind: "sending" }
  | { readonly kind: "failed"; readonly problem: string }
  | { readonly kind: "answered"; readonly answer: IngestAnswer; readonly arrivals: Arrivals }

export interface Sender {
  readonly state: SendState
  send(event: EventStream, views: readonly View[], json: string): Promise<void>
  reset(): void
}

export function useSend(onArrivals: (arrivals: Arrivals) => void): Sender {
  const [state, setState] = useState<SendState>({ kind: "idle" })
  const turn = useRef(0)
  const send = useCallback(
    async (event: EventStream, views: readonly View[], json: string): Promise<void> => {
      const mine = ++turn.current
      const show = (next: SendState): void => {
        if (mine !== turn.current) return
        setState(next)
        onArrivals(next.kind === "answered" ? next.arrivals : new Map())
      }
      show({ kind: "sending" })
      try {
        const answer = await sendEvent(event.name, json)
        const arrivals = new Map(views.map((view) => [view.name, waitingFor(view.name)]))
        if (answer.receipt === null) return show({ kind: "answered", answer, arrivals: new Map() })
        show({ kind: "answered", answer, arrivals: new Map(arrivals) })
        const receipt = answer.receipt
        await Promise.all(
          views.map(async (view) => {
            arrivals.set(view.name, await arrive({ view, event, json, receipt }))
            show({ kind: "answered", answer, arrivals: new Map(arrivals) })
          }),
        )
      } catch (error) {
        show({ kind: "failed", problem: wordsOf(error) })
      }
    },
    [onArrivals],
  )
  const reset = useCallback(() => {
    turn.current++
    setState({ kind: "idle" })
    onArrivals(new Map())
  }, [onArrivals])
  return { state, send, reset }
}

function waitingFor(view: string): Arrival {
  return { view, verdicts: null, tookMs: null, epoch: null, row: null, problem: null }
}

interface Sent {
  readonly view: View
  readonly event: EventStream
  readonly json: string
  readonly receipt: string
}

async function arrive({ view, event, json, receipt }: Sent): Promise<Arrival> {
  const waiting = waitingFor(view.name)
  const startedAtMs = performance.now()
  try {
    const page = await readRows(view.name, { limit: 1, after: receipt, ...rowQuestion(view, event, json) })
    const tookMs = performance.now() - startedAtMs
    const verdicts = page.receipt?.verdicts ?? {}
    const applied = (verdicts.applied ?? 0) > 0
    return { ...waiting, tookMs, verdicts, epoch: page.epoch, row: applied ? (page.rows[0] ?? null) : null }
  } catch (error) {
    const late = error instanceof ApiFailure && error.code === "receipt-not-processed"
    return {
      ...waiting,
      problem: late ? "not worked through yet; it is durable and will be" : wordsOf(error),
    }
  }
}
