/**
 * Finds the checkpoint that the engine goes on from. One of the same version of the project is restored
 * whole. Where there is none, the newest of another version gives those views that the change left as they
 * were, or whose operators it left so, with the events that they read, if the log still has all that the
 * others are to be built from.
 */
import { createEngine } from "../../engine/create-engine.ts"
import type { Engine, OperatorSpec } from "../../engine/dataflow.ts"
import type { CheckpointPart, GoingOn } from "../../engine/engine-checkpoint.ts"
import type { Log } from "../../log/log.ts"
import { behindView } from "../../plan/reach.ts"
import { isPlatformError } from "../../std/errors.ts"
import { changelogView, isChangelogPart } from "./changelog-parts.ts"
import type { CheckpointManifest, CheckpointStore } from "./checkpoint-store.ts"
import type { KnownPages } from "./checkpoints/known-pages.ts"
import { contractPrints } from "./contract-prints.ts"
import type { DiskSpill } from "./disk-spill.ts"
import type { EpochOutputs } from "./epoch-outputs.ts"
import type { OpenRuntimeOptions } from "./open-runtime.ts"

/** Of what recovery needs of the log. */
export const HOLDER = "recovery"

export interface Restored {
  readonly engine: Engine
  /** Null: the engine has nothing yet. */
  readonly manifest: CheckpointManifest | null
  /** All that are whole, of any version of the project, the newest first. */
  readonly kept: readonly CheckpointManifest[]
  readonly runnerParts: readonly CheckpointPart[]
  /** Of a checkpoint of another version. Null: one of this version, or none. */
  readonly carried: Carried | null
}

export interface Carried {
  /** Views of the project that go on. */
  readonly views: readonly string[]
  /** Views that begin anew, with what they have in common. */
  readonly rebuilt: ReadonlySet<string>
}

export interface RestoreParts {
  readonly store: CheckpointStore
  readonly generation: string
  readonly outputs: EpochOutputs
  readonly specs: readonly OperatorSpec[]
  readonly spill: DiskSpill
}

export async function restoreNewest(options: OpenRuntimeOptions, parts: RestoreParts): Promise<Restored> {
  const manifests = readManifests(options, parts)
  const kept = manifests.map(({ manifest }) => manifest)
  for (const one of manifests.filter(({ manifest }) => manifest.generation === parts.generation)) {
    const restored = restore(options, parts, { ...one, isWhole: true })
    if (restored !== null) return { ...restored, kept }
  }
  for (const one of manifests) {
    if (!(await canCarry(options, one.manifest))) continue
    const restored = restore(options, parts, { ...one, isWhole: false })
    if (restored !== null) return { ...restored, kept }
  }
  return { engine: newEngine(options, parts), manifest: null, kept, runnerParts: [], carried: null }
}

/** Newest first, without damaged ones, which are reported. */
function readManifests({ log, report }: OpenRuntimeOptions, { store }: RestoreParts): SavedManifest[] {
  return store.list().flatMap(({ path }) => {
    try {
      const manifest = store.manifest(path)
      return manifest.logId === log.logId ? [{ path, manifest }] : []
    } catch (error) {
      if (!isPlatformError(error, "checkpoint-corrupt")) throw error
      report(error.message)
      return []
    }
  })
}

interface SavedManifest {
  readonly path: string
  readonly manifest: CheckpointManifest
}

/** Null when it cannot be used: as a whole, if that is wanted. What is wrong with it is reported. */
function restore(
  options: OpenRuntimeOptions,
  parts: RestoreParts,
  { path, manifest, isWhole }: SavedManifest & { readonly isWhole: boolean },
): Omit<Restored, "kept"> | null {
  const { store, specs, outputs } = parts
  if (!outputs.cover(manifest)) {
    options.report(`The checkpoint ${path} is passed over: not all verdicts up to it are in the ledger.`)
    return null
  }
  try {
    const engine = newEngine(options, parts)
    const runnerParts: CheckpointPart[] = []
    const read: KnownPages[] = []
    const goingOn = engine.restore(withoutRunnerParts(store.parts(path), runnerParts), {
      anew: isWhole ? new Set() : viewsOfOtherRows(options, manifest),
      readPages: (targets) => read.push(store.readPages(path, targets)),
    })
    const { kept, derived } = goingOn
    const goesOn = (view: string) => kept.has(view) || derived.has(view)
    const rebuilt = new Set(
      specs.flatMap((spec) => (spec.kind === "view" && !goesOn(spec.name) ? [spec.name] : [])),
    )
    // Another version of Millrace may make something else of the same project.
    if (isWhole && rebuilt.size + derived.size > 0) return null
    for (const known of read) store.goOn(known)
    if (isWhole) return { engine, manifest, runnerParts, carried: null }
    const names = options.plans.map(({ name }) => name)
    const changed = names.filter((name) => derived.has(name))
    if (changed.length > 0) {
      options.report(`${changed.join(", ")}: made of the state in front of what changed.`)
    }
    const views = names.filter(goesOn)
    return {
      engine,
      manifest: ofViews(manifest, goingOn),
      runnerParts: runnerParts.filter((part) => kept.has(changelogView(part))),
      carried: { views, rebuilt },
    }
  } catch (error) {
    // Too little memory or disk says nothing of the checkpoint, which may have what the log has not.
    if (isPlatformError(error, "state-full") || isPlatformError(error, "spill-failed")) throw error
    const isOther = isPlatformError(error, "checkpoint-mismatch")
    if (isOther) options.report(`All views are built from the log: the checkpoint ${error.details["what"]}.`)
    else options.report(error instanceof Error ? error.message : String(error))
    return null
  }
}

/**
 * Rows are where they were, those that were duplicates are so still, and no topic has events that it had
 * not. And the log (with the lake, where there is one) begins where it did when the views that go on began,
 * so that those that are built anew see no fewer rows.
 */
async function canCarry(
  { log, contracts, rulings }: OpenRuntimeOptions,
  { contracts: before, taken }: CheckpointManifest,
): Promise<boolean> {
  if (before === undefined || taken === undefined) return false
  const now = contractPrints(contracts)
  const topics = new Set(Object.values(now).map(({ topic }) => topic))
  const gone = Object.keys(before).filter((event) => now[event] === undefined)
  if (gone.some((event) => topics.has(before[event]!.topic))) return false
  const earlierTopics = new Set(Object.values(before).map(({ topic }) => topic))
  for (const { name, topic, partitions, dedupWindowMs } of contracts) {
    const earlier = before[name]
    if (earlier === undefined && earlierTopics.has(topic)) return false
    if (earlier === undefined) continue
    if (earlier.topic !== topic || earlier.rulings !== now[name]!.rulings) return false
    // Which rows are duplicates is known from the ledger alone.
    if (dedupWindowMs !== null && rulings === undefined) return false
    if ((await heldBegin(log, topic, partitions)) !== taken[name]?.before) return false
  }
  return true
}

/** Views of events whose fields or checks changed: the same bytes may be another row now. */
function viewsOfOtherRows(
  { contracts, plans }: OpenRuntimeOptions,
  { contracts: before = {} }: CheckpointManifest,
): ReadonlySet<string> {
  const now = contractPrints(contracts)
  const byName = new Map(plans.map((plan) => [plan.name, plan]))
  const views = [...byName.keys()].filter((view) => {
    return behindView(view, byName).events.some((event) => now[event]?.print !== before[event]?.print)
  })
  return new Set(views)
}

/** Sum of a topic's first offsets, which stay until the next checkpoint says what is needed. */
async function heldBegin(log: Log, topic: string, partitions: number): Promise<number> {
  let sum = 0
  for (let partition = 0; partition < partitions; partition++) {
    const { begin } = await log.range(topic, partition)
    await log.hold(HOLDER, topic, partition, begin)
    sum += (await log.range(topic, partition)).begin
  }
  return sum
}

/** What led to rows that are others now is of no use to those who read the view. */
function ofViews(manifest: CheckpointManifest, { kept, derived }: GoingOn): CheckpointManifest {
  const pick = <Value>(values: Readonly<Record<string, Value>>, views: ReadonlySet<string>) => {
    return Object.fromEntries(Object.entries(values).filter(([view]) => views.has(view)))
  }
  const begun = Object.fromEntries([...derived].map((view) => [view, manifest.epoch]))
  return {
    ...manifest,
    verdicts: pick(manifest.verdicts, new Set([...kept, ...derived])),
    changelogs: { ...pick(manifest.changelogs, kept), ...begun },
  }
}

/** One that has run nothing; of several the last one is used, and the others' files go. */
function newEngine(options: OpenRuntimeOptions, { specs, spill }: RestoreParts): Engine {
  const make = options.createEngine ?? createEngine
  const { stateMemoryBytes, clock } = options
  const limit = stateMemoryBytes === undefined ? {} : { maxStateBytes: stateMemoryBytes }
  spill.clear()
  return make(specs, { nowMs: () => clock.monotonicMs(), spill, ...limit })
}

function* withoutRunnerParts(
  parts: Iterable<CheckpointPart>,
  runnerParts: CheckpointPart[],
): Generator<CheckpointPart> {
  for (const part of parts) {
    if (isChangelogPart(part)) runnerParts.push(part)
    else yield part
  }
}
