/**
 * One random plan over random epochs: engines of one, two and three parts must agree on rows, changes,
 * verdicts, losses and work. (That one part agrees with the naive engine is for others to see.) In every
 * other seed two views share an operator; in every other pair of seeds each engine draws anew whether its
 * pages leave memory whenever they may.
 */
import type { Random } from "../../std/random.ts"
import { SeededRandom } from "../../std/random.ts"
import { createEngine, type EngineOptions } from "../create-engine.ts"
import type { Engine, EpochResult, OperatorSpec } from "../dataflow.ts"
import type { CheckpointPart } from "../engine-checkpoint.ts"
import { planRoutes } from "../graph/routes.ts"
import { Bag } from "./bag.ts"
import { weightedRows } from "./batches.ts"
import { inputOf, randomEpochs, same, viewLines } from "./compare-with-naive.ts"
import { keepingNothing } from "./memory-spill.ts"
import { isShared, shareOperator } from "./share-operator.ts"

export const COUNTS = [1, 2, 3] as const

export type MakeEngine = (
  specs: readonly OperatorSpec[],
  parts: (typeof COUNTS)[number],
  options: EngineOptions,
) => Engine

/** Whether what seeds are to meet was met. */
export interface PartsCompared {
  readonly isShared: boolean
  /** Pages that came back to the memory of engines of several parts. */
  readonly faults: number
}

const inOneThread: MakeEngine = (specs, parts, options) => createEngine(specs, { ...options, parts })

/** What must not depend on the number of parts: everything but the order of changes within an epoch. */
function outcome({ epoch, changes, verdicts }: EpochResult): unknown {
  return {
    epoch,
    changes: changes.map(({ view, changes: batch }) => {
      const bag = new Bag()
      for (const [weight, row] of weightedRows(batch)) bag.add(row, weight)
      return [view, bag.lines()]
    }),
    verdicts: verdicts.map(({ verdicts: ruled, failures, partly, ...slice }) => ({
      ...slice,
      ruled: Array.from(ruled),
      failures: failures === null ? null : Array.from(failures),
      partly: partly === null ? null : [...partly].map(([row, end]) => [row, String(end)]),
    })),
  }
}

/** What operators have done; how long it took and how many bytes it came to are each number's own. */
function workOf(engine: Engine, view: string): unknown {
  return engine.work(view).map(({ id, total: { rowsIn, rowsOut }, state }) => {
    return { id, rowsIn, rowsOut, rows: state.rows }
  })
}

/** @throws when engines of different numbers of parts disagree. */
export function compareParts(
  seed: number,
  graphOf: (random: Random) => OperatorSpec[],
  make: MakeEngine = inOneThread,
): PartsCompared {
  const random = new SeededRandom(seed)
  const specs = seed % 2 === 0 ? shareOperator(graphOf(random)) : graphOf(random)
  const epochs = randomEpochs(random)
  const views = planRoutes(specs).pipelines.flatMap(({ view }) => (view.isInternal ? [] : [view.name]))
  const restoreAt = random.below(epochs.length)
  const spills = seed % 4 >= 2
  const options = () => (spills && random.below(2) === 0 ? keepingNothing() : {})
  const all: Engine[] = []
  const made = () => {
    const engines = COUNTS.map((parts) => make(specs, parts, options()))
    all.push(...engines.slice(1))
    return engines
  }
  let engines = made()
  epochs.forEach((epoch, number) => {
    const input = inputOf(number + 1, epoch)
    const [one, ...others] = engines.map((engine) => ({ engine, found: outcome(engine.runEpoch(input)) }))
    for (const { engine, found } of others) {
      const where = `seed ${seed}, epoch ${number + 1}, of ${COUNTS[engines.indexOf(engine)]} parts`
      same(found, one!.found, where)
      for (const view of views) {
        same(viewLines(engine, view), viewLines(one!.engine, view), `${where}: rows of ${view}`)
        same(engine.losses(view), one!.engine.losses(view), `${where}: losses of ${view}`)
        same(workOf(engine, view), workOf(one!.engine, view), `${where}: work of ${view}`)
      }
    }
    if (number !== restoreAt) return
    const turn = 1 + random.below(COUNTS.length)
    // One goes on with as many parts: what all others made of state that was split anew would be the same.
    const steady = random.below(COUNTS.length)
    const saved = engines.map(partsOf)
    const restored = made()
    restored.forEach((engine, k) => {
      engine.restore(saved[k === steady ? k : (k + turn) % COUNTS.length]!)
    })
    engines = restored
  })
  return { isShared: isShared(specs), faults: all.reduce((sum, engine) => sum + engine.spill().faults, 0) }
}

function partsOf(engine: Engine): readonly CheckpointPart[] {
  using checkpoint = engine.checkpoint()
  return [...checkpoint.parts()]
}
