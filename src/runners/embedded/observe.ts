/** Tells the sources of the rows that an epoch takes, and of those that it leaves in the log. */
import { type EventLane, fieldIndex } from "./door.ts"
import type { Intake, IntakeSlice } from "./intake.ts"
import type { SourceTime } from "./watermarks.ts"

export interface Observed {
  /** Events that are read. */
  readonly lanes: ReadonlyMap<string, EventLane>
  readonly times: ReadonlyMap<string, SourceTime>
  readonly intake: Intake
}

export function observe(
  { lanes, times, intake }: Observed,
  slices: readonly IntakeSlice[],
  nowMs: number,
): void {
  for (const { topic, partition, taken, durableEnd } of intake.positions()) {
    if (taken === durableEnd) continue
    for (const [event, lane] of lanes) {
      if (lane.topic.name === topic) times.get(event)!.markBusy(partition, nowMs)
    }
  }
  for (const { event, partition, batch, appendTimeMs } of slices) {
    const { contract } = lanes.get(event)!
    times.get(event)!.observe(partition, batch, fieldIndex(contract, contract.time), appendTimeMs, nowMs)
  }
}
