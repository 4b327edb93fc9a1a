/**
 * The workshop in a thread of its own, which starts with the first call: nothing to archive costs nothing.
 * A thread that failed answers nobody any more; the next call starts another, and what the dead one left half
 * written is rubbish that upkeep finds.
 */
import type { AcceptedRows } from "../../contracts/accepted-rows.ts"
import { errorFromData } from "../../std/error-data.ts"
import type { PlatformError } from "../../std/errors.ts"
import { siblingModule, startThread, type Thread } from "../../std/node/thread.ts"
import { threadEnded } from "../../stores/lake/errors.ts"
import type { LogRead, Workshop, WorkshopAnswerOf, WorkshopCallName, WorkshopCalls } from "./workshop.ts"
import type { WorkshopAnswer, WorkshopRequest, WorkshopStart } from "./workshop-messages.ts"

interface Waiter {
  readonly resolve: (value: never) => void
  readonly reject: (error: PlatformError) => void
}

export function openThreadedWorkshop(contracts: readonly AcceptedRows[]): Workshop {
  return new ThreadedWorkshop({ contracts })
}

class ThreadedWorkshop implements Workshop {
  readonly #start: WorkshopStart
  readonly #waiters = new Map<number, Waiter>()
  #thread: Thread | null = null
  #nextTicket = 0
  #isOpen = true

  constructor(start: WorkshopStart) {
    this.#start = start
  }

  call<Name extends WorkshopCallName>(
    name: Name,
    ...parameters: Parameters<WorkshopCalls[Name]>
  ): Promise<WorkshopAnswerOf<Name>> {
    if (!this.#isOpen) return Promise.reject(threadEnded(null))
    this.#thread ??= this.#startThread()
    const ticket = this.#nextTicket++
    const request: WorkshopRequest = { kind: "call", ticket, name, parameters }
    this.#thread.post(request, name === "add" ? givenAway(parameters[0] as LogRead) : [])
    return new Promise((resolve, reject) => void this.#waiters.set(ticket, { resolve, reject }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false
    const request: WorkshopRequest = { kind: "close" }
    this.#thread?.post(request)
    await this.#thread?.done
  }

  #startThread(): Thread {
    const thread = startThread(siblingModule("workshop-thread", import.meta.url), this.#start, {
      message: (message) => this.#receive(message as WorkshopAnswer),
      ended: (error) => {
        if (this.#thread === thread) this.#thread = null
        for (const { reject } of this.#waiters.values()) reject(threadEnded(error))
        this.#waiters.clear()
      },
    })
    return thread
  }

  #receive(answer: WorkshopAnswer): void {
    const waiter = this.#waiters.get(answer.ticket)
    this.#waiters.delete(answer.ticket)
    if (answer.kind === "answer") waiter?.resolve(answer.value as never)
    else waiter?.reject(errorFromData(answer.error))
  }
}

/** A read is the caller's alone, so its memory goes to the thread without a copy. */
function givenAway({ batches: { buffer, byteLength } }: LogRead): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && byteLength > 0 ? [buffer] : []
}
