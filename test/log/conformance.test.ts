import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { openInlineLog } from "../../src/log/embedded/inline-log.ts"
import { openThreadedLog } from "../../src/log/embedded/threaded-log.ts"
import { NodeClock } from "../../src/std/node/clock.ts"
import { NodeDisk } from "../../src/std/node/disk.ts"
import { NodeRandom } from "../../src/std/node/random.ts"
import { NodeScheduler } from "../../src/std/node/scheduler.ts"
import { logConformance } from "../conformance/log.ts"
import type { LogPlace } from "../conformance/log-place.ts"

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
