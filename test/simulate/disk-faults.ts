/**
 * The disk full, or failing, at each write and sync of a life in turn: nothing acknowledged is lost,
 * nobody is told a lie, and after a restart everything adds up.
 *
 *   npm run simulate -- --disk-faults 1000
 */
import { simulateDiskFault } from "../../src/testing/runtime-simulation.ts"
import type { SimDisk } from "../../src/testing/sim-disk.ts"

export const DISK_FAULTS = {
  "full from the write on": (disk: SimDisk, at: number) => disk.fillAfter(at),
  "the write fails": (disk: SimDisk, at: number) => disk.failWrite(at),
  "the sync fails": (disk: SimDisk, at: number) => disk.failSyncs(1, at - 1),
} as const

export interface DiskFaultReport {
  readonly lives: number
  /** Lives in which the fault struck before the life was over. */
  readonly struck: number
  readonly acknowledgedRows: number
}

/** Writes 1, 1 + step, 1 + 2 step … up to `last`; the first broken law is thrown. */
export async function simulateDiskFaults(
  last: number,
  step: number,
  onProgress: (write: number) => void = () => {},
): Promise<DiskFaultReport> {
  let [lives, struck, acknowledgedRows] = [0, 0, 0]
  for (let at = 1; at <= last; at += step) {
    for (const [kind, plan] of Object.entries(DISK_FAULTS)) {
      // The seed gives the posts and their times; the write gives the place, so each life is another one.
      const life = await simulateDiskFault(at, (disk) => plan(disk, at)).catch((cause: unknown) => {
        throw new Error(`${kind}, number ${at}: ${cause instanceof Error ? cause.message : cause}`, { cause })
      })
      lives++
      acknowledgedRows += life.acknowledgedRows
      if ([...life.faults.keys()].some((fault) => fault.startsWith("disk-"))) struck++
    }
    onProgress(at)
  }
  return { lives, struck, acknowledgedRows }
}
