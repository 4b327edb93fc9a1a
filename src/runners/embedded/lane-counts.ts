/**
 * What is counted on each event, over restarts: rows at the door, and rows that the engine's present history
 * has taken. A crash forgets what was counted since the last checkpoint; what the log itself shows is added
 * up again.
 */
import type { EventContract } from "../../contracts/contract.ts"
import type { CheckpointManifest } from "./checkpoint-store.ts"
import type { DeadLetterBox } from "./dead-letter-box.ts"
import type { EventLane } from "./door.ts"
import type { Intake } from "./intake.ts"

/** Rows at the door: received = accepted + duplicates + rejected + deadLettered. */
export interface LaneCounts {
  received: number
  accepted: number
  duplicates: number
  rejected: number
  deadLettered: number
}

/** Rows of the engine's history. */
export interface TakenRows {
  /** Rows of the topic that were gone when the history began. */
  before: number
  /** Rows of the event in published epochs. */
  published: number
}

export const NO_COUNTS: LaneCounts = { received: 0, accepted: 0, duplicates: 0, rejected: 0, deadLettered: 0 }

/** Rows at the door that nobody can account for: always 0. */
export function doorImbalance({
  received,
  accepted,
  duplicates,
  rejected,
  deadLettered,
}: LaneCounts): number {
  return received - accepted - duplicates - rejected - deadLettered
}

type Lanes = ReadonlyMap<string, EventLane>

/**
 * @param manifest of the checkpoint that was restored. Null: the history begins anew.
 * @param newest of the newest checkpoint of any version of the project: the door's counts go on from there.
 */
export function restoreCounts(
  lanes: Lanes,
  intake: Intake,
  {
    manifest,
    newest,
  }: { readonly manifest: CheckpointManifest | null; readonly newest: CheckpointManifest | null },
): void {
  for (const { contract, counts, taken, topic } of lanes.values()) {
    Object.assign(counts, newest?.counters[contract.name])
    if (manifest === null)
      taken.before = positionsOf(intake, topic.name).reduce((sum, at) => sum + at.taken, 0)
    else Object.assign(taken, manifest.taken?.[contract.name])
  }
}

/** Rows that were appended after the last checkpoint were accepted, although nobody alive counted them. */
export function countAppended(lanes: Lanes, intake: Intake, letters: DeadLetterBox): void {
  for (const { contract, topic, counts } of lanes.values()) {
    const missedLetters = Math.max(0, letters.count(contract.name) - counts.deadLettered)
    counts.deadLettered += missedLetters
    counts.received += missedLetters
    if (!hasOwnTopic(contract, lanes)) continue
    const missed = appendedTo(intake, topic.name) - counts.accepted
    if (missed <= 0) continue
    counts.accepted += missed
    counts.received += missed
  }
}

/** Rows that the history has taken: by the log's positions where the topic has no rows of other events. */
export function takenRows({ contract, topic, taken }: EventLane, lanes: Lanes, intake: Intake): number {
  if (!hasOwnTopic(contract, lanes)) return taken.published
  return positionsOf(intake, topic.name).reduce((sum, { published }) => sum + published, -taken.before)
}

export function appendedTo(intake: Intake, topic: string): number {
  return positionsOf(intake, topic).reduce((total, { durableEnd }) => total + durableEnd, 0)
}

function positionsOf(intake: Intake, topic: string) {
  return intake.positions().filter((position) => position.topic === topic)
}

function hasOwnTopic({ topic }: EventContract, lanes: Lanes): boolean {
  return [...lanes.values()].filter(({ contract }) => contract.topic === topic).length === 1
}
