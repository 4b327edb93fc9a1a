/**
 * One random plan over random epochs: engines of one, two and three parts must agree on rows, changes,
 * verdicts and losses. (That one part agrees with the naive engine is for others to see.)
 */
import { SeededRandom } from "../../std/random.ts"
import { createEngine } from "../create-engine.ts"
import type { Engine, EpochResult, OperatorSpec } from "../dataflow.ts"
import type { CheckpointPart } from "../engine-checkpoint.ts"
import { planRoutes } from "../graph/routes.ts"
import { Bag } from "./bag.ts"
import { weightedRows } from "./batches.ts"
import { inputOf, randomEpochs, same, viewLines } from "./compare-with-naive.ts"

export const COUNTS = [1, 2, 3] as const

export type MakeEngine = (specs: readonly OperatorSpec[], parts: (typeof COUNTS)[number]) => Engine

const inOneThread: MakeEngine = (specs, parts) => createEngine(specs, { parts })

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

/** @throws when engines of different numbers of parts disagree. */
export function compareParts(
  seed: number,
  graphOf: (random: SeededRandom) => OperatorSpec[],
  make: MakeEngine = inOneThread,
): void {
  const random = new SeededRandom(seed)
  const specs = graphOf(random)
  const epochs = randomEpochs(random)
  const views = planRoutes(specs).pipelines.map(({ view }) => view.name)
  const restoreAt = random.below(epochs.length)
  let engines: Engine[] = COUNTS.map((parts) => make(specs, parts))
  epochs.forEach((epoch, number) => {
    const input = inputOf(number + 1, epoch)
    const [one, ...others] = engines.map((engine) => ({ engine, found: outcome(engine.runEpoch(input)) }))
    for (const { engine, found } of others) {
      const where = `seed ${seed}, epoch ${number + 1}, of ${COUNTS[engines.indexOf(engine)]} parts`
      same(found, one!.found, where)
      for (const view of views) {
        same(viewLines(engine, view), viewLines(one!.engine, view), `${where}: rows of ${view}`)
        same(engine.losses(view), one!.engine.losses(view), `${where}: losses of ${view}`)
      }
    }
    if (number === restoreAt) {
      const turn = 1 + random.below(COUNTS.length)
      const saved = engines.map(partsOf)
      engines = COUNTS.map((parts, k) => {
        const engine = make(specs, parts)
        engine.restore(saved[(k + turn) % COUNTS.length]!)
        return engine
      })
    }
  })
}

function partsOf(engine: Engine): readonly CheckpointPart[] {
  using checkpoint = engine.checkpoint()
  return [...checkpoint.parts()]
}
