import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { type LogPlace, logConformance } from "../../../test/conformance/log.ts"
import { NodeClock } from "../../std/node/clock.ts"
import { NodeDisk } from "../../std/node/disk.ts"
import { NodeRandom } from "../../std/node/random.ts"
import { NodeScheduler } from "../../std/node/scheduler.ts"
import { openInlineLog } from "./inline-log.ts"
import { openThreadedLog } from "./threaded-log.ts"

const limits = {
  segmentBytes: 4096,
  compactSegmentBytes: 4096,
  preallocateBytes: 8192,
  indexIntervalBytes: 1024,
  maintenanceMs: 5,
}

function place(open: (directory: string) => ReturnType<LogPlace["open"]>): LogPlace {
  const directory = mkdtempSync(join(tmpdir(), "log-"))
  return {
    open: () => open(directory),
    passTime: async (ms) => void (await wait(ms)),
    nowMs: () => Date.now(),
    remove: async () => rmSync(directory, { recursive: true }),
  }
}

logConformance("threaded log", async () => place((directory) => openThreadedLog({ directory, limits })))
logConformance("inline log", async () =>
  place(async (directory) =>
    openInlineLog({
      directory,
      limits,
      disk: new NodeDisk(),
      clock: new NodeClock(),
      scheduler: new NodeScheduler(),
      random: new NodeRandom(),
    }),
  ),
)
