/** The lake that a project declares: opened below the data directory, or its holds on the log let go. */
import { acceptedRows } from "../contracts/accepted-rows.ts"
import type { EventContract } from "../contracts/contract.ts"
import type { Log } from "../log/log.ts"
import { releaseArchiverHolds } from "../runners/archiver/archiver.ts"
import { type OpenedLake, openLake } from "../runners/archiver/open-lake.ts"
import { openThreadedWorkshop } from "../runners/archiver/threaded-workshop.ts"
import type { Clock, Scheduler } from "../std/clock.ts"
import type { Disk } from "../std/disk.ts"
import { NodeRandom } from "../std/node/random.ts"
import type { ProjectConfig } from "./config.ts"

/** Below the data directory. */
export const LAKE_FOLDER = "lake"

export async function openProjectLake(options: {
  readonly config: Pick<ProjectConfig, "lake">
  readonly data: string
  readonly log: Log
  readonly disk: Disk
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly contracts: readonly EventContract[]
  readonly report: (message: string) => void
}): Promise<OpenedLake | null> {
  const { config, data, log } = options
  if (config.lake === false) {
    await releaseArchiverHolds(log)
    return null
  }
  const { intervalMs, snapshotMs } = config.lake
  return openLake({
    ...options,
    random: new NodeRandom(),
    directory: `${data}/${LAKE_FOLDER}`,
    workshop: openThreadedWorkshop(options.contracts.map(acceptedRows)),
    internalTopics: ["_ledger"],
    limits: {
      ...(intervalMs === null ? {} : { intervalMs }),
      ...(snapshotMs === null ? {} : { snapshotMs }),
    },
  })
}
