/**
 * What every epoch of a simulated runtime was: what went in, what came out, and which epoch it stands on. A
 * journaled epoch runs again after a crash; it must then be the very same. Epochs form a tree: a project
 * that changes begins a new branch, one that is changed back goes on where its own checkpoint is. Views that
 * a change left without state are built in epochs of their own; to the others these are nothing.
 */
import type { ChangeBatch } from "../columns/batch.ts"
import { readRow } from "../columns/scalar.ts"
import type { Scalar } from "../columns/types.ts"
import type { Engine, EpochInput, EpochResult } from "../engine/dataflow.ts"
import { NO_WATERMARK } from "../engine/dataflow.ts"
import type { GoingOn } from "../engine/engine-checkpoint.ts"
import type { SimEvent } from "./runtime-project.ts"

export interface NotedRange {
  readonly event: SimEvent
  readonly partition: number
  readonly from: number
  readonly to: number
}

export interface NotedEngine {
  readonly number: number
  /** Of the project. */
  readonly version: string
}

export interface EpochNote {
  readonly epoch: number
  /** The epoch that the engine was at before; 0 when it had run nothing. */
  readonly parent: number
  readonly ranges: readonly NotedRange[]
  readonly watermarksUs: Readonly<Record<SimEvent, bigint>>
  readonly clockMs: number
  /** Views that alone had the rows; null: all. */
  readonly rebuilt: ReadonlySet<string> | null
  /** What ran it first. */
  readonly by: NotedEngine
  /** By view: "weight row", sorted. */
  readonly changes: ReadonlyMap<string, readonly string[]>
  /** Next offset by "event/partition", of the whole branch. */
  readonly positions: ReadonlyMap<string, number>
  /** The same of the views that are built. */
  readonly rebuiltPositions: ReadonlyMap<string, number> | null
  readonly text: string
}

export class EpochChronicle {
  readonly #notes = new Map<number, EpochNote>()
  readonly #broken: (law: string) => never

  constructor(broken: (law: string) => never) {
    this.#broken = broken
  }

  /** Epochs that ever ran, each once. */
  get count(): number {
    return this.#notes.size
  }

  note(parent: number, input: EpochInput, result: EpochResult, by: NotedEngine): EpochNote {
    const { epoch, rebuilt = null } = input
    const before = parent === 0 ? null : this.at(parent)
    const isFirst = rebuilt !== null && (before?.rebuilt == null || before.by.number !== by.number)
    const known = rebuilt === null ? before?.positions : isFirst ? null : before?.rebuiltPositions
    const positions = new Map(known ?? [])
    const ranges = input.slices.map(({ source, partition, baseOffset, batch }) => {
      const event = source.slice("event:".length) as SimEvent
      const key = `${event}/${partition}`
      const next = positions.get(key) ?? 0
      if (baseOffset !== next) this.#broken(`epoch ${epoch} takes ${key} at ${baseOffset}, not ${next}`)
      positions.set(key, baseOffset + batch.length)
      return { event, partition, from: baseOffset, to: baseOffset + batch.length }
    })
    const watermarkOf = (event: SimEvent) => input.watermarksUs.get(`event:${event}`) ?? NO_WATERMARK
    const watermarksUs = { sale: watermarkOf("sale"), visit: watermarkOf("visit") }
    const changes = new Map(result.changes.map((change) => [change.view, changeTexts(change.changes)]))
    const { clockMs = this.#broken(`epoch ${epoch} has no clock reading`) } = input
    const text = describe(`${parent} at ${clockMs}`, merged(ranges), watermarksUs, changes, result)
    const note: EpochNote = {
      ...{ epoch, parent, ranges, watermarksUs, clockMs, rebuilt, by, changes, text },
      positions: rebuilt === null ? positions : (before?.positions ?? new Map()),
      rebuiltPositions: rebuilt === null ? null : positions,
    }
    const earlier = this.#notes.get(epoch)
    if (earlier !== undefined && earlier.text !== text) {
      this.#broken(`epoch ${epoch} was\n${earlier.text}\nand is now\n${text}`)
    }
    if (earlier === undefined) this.#notes.set(epoch, note)
    return note
  }

  at(epoch: number): EpochNote {
    return this.#notes.get(epoch) ?? this.#broken(`epoch ${epoch} was never run`)
  }

  /** The epochs that lead to this one, oldest first, without those of views that are built. */
  trunk(epoch: number): readonly EpochNote[] {
    return this.#path(epoch).filter(({ rebuilt }) => rebuilt === null)
  }

  /** The epochs of the history that this one is of: since the engine began, or the project changed. */
  history(epoch: number): readonly EpochNote[] {
    const path = this.#path(epoch)
    const begins = path.findLastIndex(({ by }, k) => k === 0 || path[k - 1]!.by.version !== by.version)
    return path.slice(begins)
  }

  /** The epochs that made the view what it is: where it was built anew, from there on. */
  branch(epoch: number, view: string): readonly EpochNote[] {
    const path = this.#path(epoch)
    const last = path.findLastIndex(({ rebuilt }) => rebuilt?.has(view) === true)
    let first = last
    while (
      first > 0 &&
      path[first - 1]!.rebuilt !== null &&
      path[first - 1]!.by.number === path[last]!.by.number
    )
      first--
    return path.slice(Math.max(0, first)).filter(({ rebuilt }) => rebuilt === null || rebuilt.has(view))
  }

  #path(epoch: number): readonly EpochNote[] {
    const path: EpochNote[] = []
    for (let at = epoch; at !== 0; at = path.at(-1)!.parent) path.push(this.at(at))
    return path.reverse()
  }
}

/** An engine that tells the chronicle what it runs. */
export function observedEngine(
  engine: Engine,
  onEpoch: (parent: number, input: EpochInput, result: EpochResult) => void,
  onRestored: (goingOn: GoingOn) => void,
): Engine {
  return {
    runEpoch(input) {
      const parent = engine.epoch
      const result = engine.runEpoch(input)
      onEpoch(parent, input, result)
      return result
    },
    snapshot: (view) => engine.snapshot(view),
    rowCount: (view) => engine.rowCount(view),
    lookup: (view, key) => engine.lookup(view, key),
    checkpoint: () => engine.checkpoint(),
    restore: (parts, options) => {
      const goingOn = engine.restore(parts, options)
      onRestored(goingOn)
      return goingOn
    },
    get epoch() {
      return engine.epoch
    },
    wakeAtMs: () => engine.wakeAtMs(),
    stateBytes: () => engine.stateBytes(),
    spill: () => engine.spill(),
    losses: (view) => engine.losses(view),
    work: (view) => engine.work(view),
  }
}

export function rowText(cells: readonly Scalar[]): string {
  return cells.map(String).join("|")
}

export function changeTexts(changes: ChangeBatch): readonly string[] {
  const weights = new Map<string, number>()
  for (let row = 0; row < changes.length; row++) {
    const text = rowText(readRow(changes, row))
    const sign = (changes.weights?.[row] ?? 1) < 0 ? "-" : "+"
    weights.set(sign + text, (weights.get(sign + text) ?? 0) + Math.abs(changes.weights?.[row] ?? 1))
  }
  return [...weights].map(([text, weight]) => `${text[0]}${weight} ${text.slice(1)}`).sort()
}

/** An epoch that is run again may read in one piece what came in several. */
function merged(ranges: readonly NotedRange[]): readonly NotedRange[] {
  const all: NotedRange[] = []
  for (const range of ranges) {
    const last = all.at(-1)
    if (last?.event === range.event && last.partition === range.partition && last.to === range.from) {
      all[all.length - 1] = { ...last, to: range.to }
    } else all.push(range)
  }
  return all
}

function describe(
  parent: string,
  ranges: readonly NotedRange[],
  watermarksUs: EpochNote["watermarksUs"],
  changes: EpochNote["changes"],
  result: EpochResult,
): string {
  const verdicts = new Map<string, string>()
  for (const { view, source, partition, verdicts: rulings } of result.verdicts) {
    const key = `${view} ${source}/${partition}`
    verdicts.set(key, (verdicts.get(key) ?? "") + [...rulings].join(""))
  }
  const places = ranges.map((range) => `${range.event}/${range.partition}[${range.from},${range.to})`)
  return [
    `on ${parent}: ${places.join(" ")}`,
    `watermarks ${watermarksUs.sale} ${watermarksUs.visit}`,
    ...[...changes].map(([view, texts]) => `${view}: ${texts.join(", ")}`).sort(),
    ...[...verdicts].map(([key, rulings]) => `${key}: ${rulings}`).sort(),
  ].join("\n")
}
