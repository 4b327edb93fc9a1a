/** A thread with one part of the engine. */

import { answerCalls } from "../../../std/node/called-thread.ts"
import { NodeClock } from "../../../std/node/clock.ts"
import { NodeDisk } from "../../../std/node/disk.ts"
import { DiskSpill } from "../disk-spill.ts"
import type { PartQuestion } from "./messages.ts"
import { PartHost } from "./part-host.ts"

const clock = new NodeClock()
const disk = new NodeDisk()
const host = new PartHost({
  nowMs: () => clock.monotonicMs(),
  openSpill: (directory) => new DiskSpill(disk, directory).openFile(),
})

answerCalls(
  (question) => host.answer(question as PartQuestion),
  () => host[Symbol.dispose](),
)
