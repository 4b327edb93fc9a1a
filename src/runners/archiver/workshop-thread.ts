/**
 * The thread of a threaded workshop: one call after the other, each answered by one message. Records that
 * were read go back without a copy. What the platform does not know how to say ends the thread.
 */
import { errorToData } from "../../std/error-data.ts"
import { isPlatformError } from "../../std/errors.ts"
import { NodeDisk } from "../../std/node/disk.ts"
import { NodeRandom } from "../../std/node/random.ts"
import { threadParent } from "../../std/node/thread.ts"
import { buffersOf, type RecordSlab } from "../../stores/lake/record-slab.ts"
import { WorkshopCore } from "./workshop.ts"
import type { WorkshopAnswer, WorkshopRequest, WorkshopStart } from "./workshop-messages.ts"

const parent = threadParent()
const { contracts } = parent.data as WorkshopStart
const core = new WorkshopCore({ disk: new NodeDisk(), random: new NodeRandom(), contracts })
let work = Promise.resolve()

function post(answer: WorkshopAnswer, transfer: readonly ArrayBuffer[] = []): void {
  parent.post(answer, transfer)
}

async function answer({ ticket, name, parameters }: WorkshopRequest & { kind: "call" }): Promise<void> {
  try {
    const value = await (core[name] as (...all: readonly unknown[]) => unknown)(...parameters)
    post({ kind: "answer", ticket, value }, name === "records" ? buffersOf(value as RecordSlab) : [])
  } catch (error) {
    if (!isPlatformError(error)) throw error
    post({ kind: "refused", ticket, error: errorToData(error) })
  }
}

parent.listen((message) => {
  const request = message as WorkshopRequest
  work = work.then(() => (request.kind === "call" ? answer(request) : parent.close()))
})
