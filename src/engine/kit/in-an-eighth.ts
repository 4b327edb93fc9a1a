/**
 * An engine that has an eighth of the memory that its state needs puts out, change by change, what one does
 * that has all of it, across a checkpoint that is held while an epoch runs.
 */
import { assert } from "../../std/assert.ts"
import { createEngine } from "../create-engine.ts"
import type { Engine, EpochInput, OperatorSpec } from "../dataflow.ts"
import { rowKey, weightedRows } from "./batches.ts"
import { same } from "./compare-with-naive.ts"
import { MemorySpill } from "./memory-spill.ts"

/** The least that a row may need where pages split: a few of 64 KB beyond seven eighths of it. */
export const LIMIT = 2 << 20
const CHECKPOINT_AT = 4

/** Changes as text, in their order. */
export function changesOf(engine: Engine, input: EpochInput): string[] {
  return engine.runEpoch(input).changes.flatMap(({ changes }) => {
    return weightedRows(changes).map(([weight, row]) => `${weight} ${rowKey(row)}`)
  })
}

export function limited(specs: readonly OperatorSpec[], maxStateBytes = LIMIT, parts = 1): Engine {
  return createEngine(specs, { maxStateBytes, spill: { openFile: () => new MemorySpill() }, parts })
}

export function assertWithin(engine: Engine, limit: number, where: string): void {
  const bytes = engine.stateBytes() - engine.spill().spilledBytes
  assert(bytes <= limit, `${where}: ${bytes} bytes in memory`)
}

/**
 * @param view whose rows take hardly any memory: what is proven is proven of its operators
 * @throws when the two disagree, or did not have to do what they are there for
 */
export function compareInAnEighth(
  specs: readonly OperatorSpec[],
  view: string,
  epochs: readonly EpochInput[],
  limit = LIMIT,
): void {
  const free = createEngine(specs)
  let engine = limited(specs, limit)
  let most = 0
  let changes = 0
  for (const input of epochs) {
    const where = `epoch ${input.epoch}`
    using checkpoint = input.epoch === CHECKPOINT_AT ? engine.checkpoint() : null
    const expected = changesOf(free, input)
    same(changesOf(engine, input), expected, where)
    assertWithin(engine, limit, where)
    same(rowsKept(engine, view), rowsKept(free, view), `${where}: rows kept`)
    changes += expected.length
    most = Math.max(most, free.stateBytes())
    if (checkpoint === null) continue
    const parts = [...checkpoint.parts()]
    assertWithin(engine, limit, `${where}, with a checkpoint held`)
    engine = limited(specs, limit)
    engine.restore(parts)
    assertWithin(engine, limit, "restored")
    same(changesOf(engine, input), expected, `${where}, restored`)
  }
  assert(most > 8 * limit, `${most} bytes in all are more than eight times the limit`)
  assert(changes > 20, `${changes} changes say something`)
}

/**
 * Parts that have as much memory each put out what one engine that has all of it does, while their state, of
 * which most is out of memory, is taken over by others.
 *
 * @param numbers of parts by the epoch behind which they take over; it begins with one
 */
export function compareTakenOver(
  specs: readonly OperatorSpec[],
  epochs: readonly EpochInput[],
  limitOfPart: number,
  numbers: ReadonlyMap<number, number>,
): void {
  const free = createEngine(specs)
  let engine = limited(specs, limitOfPart)
  for (const input of epochs) {
    same(changesOf(engine, input).sort(), changesOf(free, input).sort(), `epoch ${input.epoch}`)
    const parts = numbers.get(input.epoch)
    if (parts === undefined) continue
    using checkpoint = engine.checkpoint()
    const next = limited(specs, limitOfPart * parts, parts)
    next.restore([...checkpoint.parts()])
    assertWithin(next, limitOfPart * parts, `taken over by ${parts} parts`)
    for (const each of [engine, next]) {
      assert(each.spill().spilledBytes > limitOfPart, "more is out than a part has memory")
    }
    engine = next
  }
}

function rowsKept(engine: Engine, view: string): number[] {
  return engine.work(view).map(({ state }) => state.rows)
}
