/** The newest changes of every view as parts of a checkpoint: `~changelog/VIEW/EPOCH/WATERMARK`. */
import { decodeChanges, encodeChanges } from "../../columns/batch-codec.ts"
import type { CheckpointPart } from "../../engine/engine-checkpoint.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import { assert } from "../../std/assert.ts"
import { Changelog, type ChangelogEntry } from "./changelog.ts"
import type { CheckpointManifest } from "./checkpoint-store.ts"

/** No operator's name begins so. */
const PREFIX = "~changelog"
const NO_WATERMARK_TEXT = "none"

export function isChangelogPart({ name }: CheckpointPart): boolean {
  return name.startsWith(`${PREFIX}/`)
}

/** The view that a part of a changelog is of. */
export function changelogView({ name }: CheckpointPart): string {
  return name.split("/")[1] ?? ""
}

export function* changelogParts(
  entriesByView: ReadonlyMap<string, readonly ChangelogEntry[]>,
): Generator<CheckpointPart> {
  for (const [view, entries] of entriesByView) {
    for (const { epoch, watermarkUs, changes } of entries) {
      const name = `${PREFIX}/${view}/${epoch}/${watermarkUs ?? NO_WATERMARK_TEXT}`
      yield { name, bytes: encodeChanges(changes) }
    }
  }
}

/** Changelogs as they were at the checkpoint; without one they begin with an empty view, before any epoch. */
export function restoreChangelogs(
  plans: readonly ViewPlan[],
  manifest: CheckpointManifest | null,
  parts: readonly CheckpointPart[],
): Map<string, Changelog> {
  const entries = new Map<string, ChangelogEntry[]>(plans.map(({ name }) => [name, []]))
  for (const { name, bytes } of parts) {
    const [, view = "", epochText = "", watermark = ""] = name.split("/")
    const plan = plans.find((candidate) => candidate.name === view)
    assert(plan !== undefined, `the checkpoint of a generation has its views only, not ${view}`)
    const watermarkUs = watermark === NO_WATERMARK_TEXT ? null : BigInt(watermark)
    const changes = decodeChanges(bytes, plan.columns)
    entries.get(view)!.push({ kind: "changes", epoch: Number(epochText), watermarkUs, changes })
  }
  return new Map(
    plans.map(({ name }) => [name, new Changelog(manifest?.changelogs[name] ?? 0, entries.get(name)!)]),
  )
}
