/**
 * One random plan over random epochs: the engine, an engine that is restored in the middle, and the naive
 * engine must agree on rows, on changes added up, and on verdicts.
 */
import { assert } from "../../std/assert.ts"
import { SeededRandom } from "../../std/random.ts"
import { createEngine, type EngineOptions } from "../create-engine.ts"
import type { Engine, EpochInput, EpochResult, OperatorSpec } from "../dataflow.ts"
import { VERDICTS } from "../dataflow.ts"
import type { DataflowGraph } from "../graph/routes.ts"
import { planRoutes } from "../graph/routes.ts"
import { Bag } from "./bag.ts"
import type { Row } from "./batches.ts"
import { rowKey, rowsOf, sliceOf, weightedRows } from "./batches.ts"
import type { NaiveSlice } from "./naive-engine.ts"
import { NaiveEngine } from "./naive-engine.ts"
import { EVENT_COLUMNS, randomGraph, randomRow } from "./random-plans.ts"

export interface Epoch {
  readonly slices: readonly NaiveSlice[]
  readonly watermarks: ReadonlyMap<string, bigint>
}

export function randomEpochs(random: SeededRandom): Epoch[] {
  const sources = ["events", "more"]
  const fewFailures = random.below(2) === 0
  let now = -30n
  const watermarks = new Map<string, bigint>()
  return Array.from({ length: 4 + random.below(5) }, () => {
    const slices = sources.flatMap((source) =>
      Array.from({ length: random.below(3) }, (): NaiveSlice => {
        const rows = Array.from({ length: random.below(12) }, () =>
          randomRow(random, now + BigInt(random.below(40)) - 15n, fewFailures),
        )
        return {
          source,
          rows,
          skip: random.below(3) === 0 ? rows.map(() => Number(random.below(4) === 0)) : null,
        }
      }),
    )
    now += BigInt(random.below(14))
    for (const source of sources) if (random.below(4) > 0) watermarks.set(source, now - 5n)
    return { slices, watermarks: new Map(watermarks) }
  })
}

export function inputOf(number: number, { slices, watermarks }: Epoch): EpochInput {
  return {
    epoch: number,
    watermarksUs: watermarks,
    slices: slices.map(({ source, rows, skip }, k) =>
      sliceOf(source, EVENT_COLUMNS, rows, { baseOffset: 100 * k, ...(skip === null ? {} : { skip }) }),
    ),
  }
}

export function viewLines(engine: Engine, view: string): string[] {
  using snapshot = engine.snapshot(view)
  const rows = rowsOf(snapshot.select({ where: [], sort: [], offset: 0, limit: 1e9 }))
  same(snapshot.rowCount, rows.length, "the row count is the number of rows")
  const bag = new Bag()
  for (const row of rows) bag.add(row, 1)
  return bag.lines()
}

/** Results as text, to compare two engines byte for byte. */
function resultText(result: EpochResult): string {
  return JSON.stringify({
    epoch: result.epoch,
    changes: result.changes.map(({ view, changes }) => [
      view,
      weightedRows(changes).map(([w, r]) => [w, rowKey(r)]),
    ]),
    verdicts: result.verdicts.map(({ verdicts, failures, ...rest }) => [
      rest,
      Array.from(verdicts),
      failures === null ? null : Array.from(failures),
    ]),
  })
}

function assertNetted(
  changes: readonly (readonly [number, Row])[],
  key: readonly number[] | null,
  seed: number,
): void {
  const seen = new Set<string>()
  for (const [weight, row] of changes) {
    const id = key === null ? rowKey(row) : `${weight} ${rowKey(key.map((k) => row[k]!))}`
    assert(!seen.has(id), `seed ${seed}: changes are netted, ${id} came twice`)
    assert(key === null ? weight !== 0 : Math.abs(weight) === 1, `seed ${seed}: weight ${weight}`)
    seen.add(id)
  }
}

/**
 * @param options of the engine that is restored in the middle; the one that it is compared with has none
 * @throws when the engine, its restored twin or the naive engine disagree.
 */
export function compareSeed(
  seed: number,
  graphOf: (random: SeededRandom) => OperatorSpec[] = randomGraph,
  options: () => EngineOptions = () => ({}),
): void {
  const random = new SeededRandom(seed)
  const specs = graphOf(random)
  const epochs = randomEpochs(random)
  const graph = planRoutes(specs)
  const naive = new NaiveEngine(specs)
  let engine = createEngine(specs, options())
  let ticks = 0
  const steady = createEngine(specs, { nowMs: () => ticks++ })
  const restoreAt = random.below(epochs.length)
  const changelogs = new Map(graph.pipelines.map(({ view }) => [view.name, new Bag()]))
  epochs.forEach((epoch, number) => {
    const expected = naive.runEpoch(epoch.slices, epoch.watermarks)
    const result = engine.runEpoch(inputOf(number + 1, epoch))
    same(
      resultText(result),
      resultText(steady.runEpoch(inputOf(number + 1, epoch))),
      `seed ${seed}: a restored engine gives what one gives that never stopped`,
    )
    for (const { view, changes } of result.changes) {
      const rows = weightedRows(changes)
      if (changes.weights !== null)
        assertNetted(rows, graph.pipelines.find((pipeline) => pipeline.view.name === view)!.view.key, seed)
      for (const [weight, row] of rows) changelogs.get(view)!.add(row, weight)
    }
    for (const { view, routes, upstream } of graph.pipelines) {
      const where = `seed ${seed}, epoch ${number + 1}, view ${view.name}`
      same(viewLines(engine, view.name), naive.rows(view.name).lines(), where)
      same(changelogs.get(view.name)!.lines(), naive.rows(view.name).lines(), `${where}: changes add up`)
      const direct = new Set(routes.map(({ origin }) => origin.id))
      epoch.slices.forEach((slice, k) => {
        // The naive engine does not combine its verdicts with those of the views that it reads.
        if (!direct.has(slice.source) || upstream.length > 0) return
        const found = result.verdicts.find(
          (verdict) =>
            verdict.view === view.name && verdict.baseOffset === 100 * k && verdict.source === slice.source,
        )!
        const names = Array.from(found.verdicts, (verdict) => VERDICTS[verdict])
        same(names, expected.get(view.name)![k], `${where}, slice ${k}: verdicts`)
      })
    }
    if (number === restoreAt) {
      const parts = [...engine.checkpoint().parts()]
      engine = createEngine(specs, options())
      engine.restore(parts)
    }
    for (const each of [steady, engine]) {
      same(keptBytes(each, graph), each.stateBytes(), `seed ${seed}: what operators keep adds up`)
    }
  })
}

function keptBytes(engine: Engine, { pipelines }: DataflowGraph): number {
  const works = pipelines.flatMap(({ view }) => engine.work(view.name))
  return works.reduce((sum, { state }) => sum + state.bytes, 0)
}

/** Both as text, since what is compared is text and numbers. */
export function same(found: unknown, expected: unknown, where: string): void {
  const [a, b] = [JSON.stringify(found, null, 1), JSON.stringify(expected, null, 1)]
  assert(a === b, `${where}\nfound ${a}\nexpected ${b}`)
}
