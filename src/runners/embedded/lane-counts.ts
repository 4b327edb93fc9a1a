/**
 * What is counted on each event, over restarts: rows at the door, and rows that the engine's present history
 * has taken. A crash forgets what was counted since the last checkpoint; what the log itself shows is added
 * up again: by its positions where a topic has rows of one event, by the rows' headers where it has more.
 */
import type { EventContract } from "../../contracts/contract.ts"
import type { Log } from "../../log/log.ts"
import type { CheckpointManifest } from "./checkpoint-store.ts"
import type { DeadLetterBox } from "./dead-letter-box.ts"
import type { EventLane } from "./door.ts"
import { countRows } from "./history.ts"
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
  /** Rows of the event that the log was ever given before the published positions, in whichever history. */
  logged: number
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

interface Checkpoints {
  readonly manifest: CheckpointManifest | null
  readonly newest: CheckpointManifest | null
}

/**
 * @param manifest of the checkpoint that was restored. Null: the history begins anew.
 * @param newest of the newest checkpoint of any version of the project: the door's counts go on from there.
 */
export function restoreCounts(lanes: Lanes, intake: Intake, { manifest, newest }: Checkpoints): void {
  for (const { contract, counts, taken, topic } of lanes.values()) {
    Object.assign(counts, newest?.counters[contract.name])
    if (manifest === null)
      taken.before = positionsOf(intake, topic.name).reduce((sum, at) => sum + at.taken, 0)
    else Object.assign(taken, manifest.taken?.[contract.name])
  }
}

/**
 * Counts at start, before any epoch runs, what the log was given of events that share a topic: what was
 * appended after the last checkpoint was accepted, too. In a history that begins anew rows are taken again
 * that were counted before.
 */
export async function countLogged(
  log: Log,
  lanes: Lanes,
  intake: Intake,
  { manifest, newest }: Checkpoints,
): Promise<void> {
  for (const lane of lanes.values()) {
    if (hasOwnTopic(lane.contract, lanes)) {
      lane.taken.logged = positionsOf(intake, lane.topic.name).reduce((sum, { taken }) => sum + taken, 0)
    }
  }
  const shared = [...lanes.values()].filter(({ contract }) => !hasOwnTopic(contract, lanes))
  for (const topic of new Set(shared.map((lane) => lane.topic.name))) {
    const positions = positionsOf(intake, topic)
    const known = manifest ?? newest
    const count = (end: (partition: number, taken: number, durableEnd: number) => number) => {
      const spans = positions.map(({ partition, taken, durableEnd }) => {
        return { partition, from: taken, until: end(partition, taken, durableEnd) }
      })
      return countRows(log, topic, spans)
    }
    const again = await count((partition, taken) => known?.positions[topic]?.[partition] ?? taken)
    const behind = await count((_partition, _taken, durableEnd) => durableEnd)
    const isSaid = shared.every(({ contract }) => known?.taken?.[contract.name]?.logged !== undefined)
    const earlier = isSaid ? NO_ROWS : await rowsBefore(log, topic, positions)
    for (const { contract, counts, taken } of shared.filter((lane) => lane.topic.name === topic)) {
      const logged = known?.taken?.[contract.name]?.logged
      // A checkpoint of an older version does not say it, and what the log has deleted nobody knows.
      taken.logged =
        logged === undefined ? (earlier.get(contract.name) ?? 0) : logged - (again.get(contract.name) ?? 0)
      const missed = taken.logged + (behind.get(contract.name) ?? 0) - counts.accepted
      counts.accepted += Math.max(0, missed)
      counts.received += Math.max(0, missed)
    }
  }
}

const NO_ROWS: ReadonlyMap<string, number> = new Map()

async function rowsBefore(
  log: Log,
  topic: string,
  positions: readonly { readonly partition: number; readonly taken: number }[],
): Promise<ReadonlyMap<string, number>> {
  const spans = positions.map(async ({ partition, taken }) => {
    return { partition, from: (await log.range(topic, partition)).begin, until: taken }
  })
  return countRows(log, topic, await Promise.all(spans))
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

/** Rows of an epoch whose outputs are out. */
export function countPublished({ taken }: EventLane, rows: number): void {
  taken.published += rows
  taken.logged += rows
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
