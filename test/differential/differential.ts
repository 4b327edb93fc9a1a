/**
 * Random queries over random changes, in the engine and in PostgreSQL, whose answers must agree. What fails
 * prints its seed and a small query with the rows that it takes; the same seed fails again.
 *
 *   npm run differential -- --count 1000000 --seed 1      pairs of a query and a history
 *   npm run differential -- --clickhouse 100              random views over the same bytes in ClickHouse
 */
import { SeededRandom } from "../../src/std/random.ts"
import { ClickHouseHome } from "../kit/clickhouse-home.ts"
import { PgOracle } from "../kit/pg-oracle.ts"
import { runArguments } from "../kit/run-arguments.ts"
import type { Outcome, Trial } from "./compare-seed.ts"
import { compareTrial, randomTrial, tablesOf } from "./compare-seed.ts"
import { Coverage } from "./coverage.ts"
import { coverageReport } from "./coverage-report.ts"
import { randomEvents } from "./history.ts"
import { differentialInClickHouse } from "./in-clickhouse.ts"
import { describe, shrink } from "./shrink.ts"

/** Queries over the same histories: loading one costs as much as some of them. */
const QUERIES = 40

/** How often something happened, and the first view that it happened to. */
export type Tally = Map<string, { times: number; readonly first: string }>

export interface Report {
  readonly coverage: Coverage
  lastSeed: number
  /** Queries with a history, of which PostgreSQL had an answer. */
  pairs: number
  /** Of which the answer had rows. */
  withRows: number
  /** By code and message. */
  readonly refusals: Tally
  /** By what PostgreSQL said instead of an answer. */
  readonly unjudged: Tally
  /** Seed, view and reason, and the trial made small. */
  readonly differences: { readonly seed: number; readonly view: string; readonly text: string }[]
}

export interface Wanted {
  readonly firstSeed: number
  readonly pairs: number
  /** Stops behind the seed that has this many differences in all. */
  readonly maxDifferences: number
  readonly onSeed?: (report: Report) => void
}

export async function differential(oracle: PgOracle, wanted: Wanted): Promise<Report> {
  const report: Report = {
    coverage: new Coverage(),
    lastSeed: wanted.firstSeed,
    pairs: 0,
    withRows: 0,
    refusals: new Map(),
    unjudged: new Map(),
    differences: [],
  }
  await oracle.load(tablesOf(randomEvents(new SeededRandom(wanted.firstSeed)), []), [])
  for (let seed = wanted.firstSeed; report.pairs < wanted.pairs; seed++) {
    const trial = randomTrial(seed, QUERIES, report.coverage)
    const outcome = await compareTrial(oracle, trial).catch((error: unknown) => {
      throw new Error(`seed ${seed} could not be compared`, { cause: error })
    })
    report.lastSeed = seed
    await add(oracle, report, { seed, trial, outcome })
    wanted.onSeed?.(report)
    if (report.differences.length >= wanted.maxDifferences) break
  }
  return report
}

interface Compared {
  readonly seed: number
  readonly trial: Trial
  readonly outcome: Outcome
}

async function add(oracle: PgOracle, report: Report, { seed, trial, outcome }: Compared): Promise<void> {
  report.pairs += outcome.compared
  report.withRows += outcome.withRows
  for (const { view, code, message } of outcome.refusals) {
    count(report.refusals, `${code}: ${message}`, `seed ${seed}, ${view}`)
  }
  for (const { view, reason } of outcome.unjudged) count(report.unjudged, reason, `seed ${seed}, ${view}`)
  const failed = new Map(outcome.differences.map((difference) => [difference.view, difference]))
  for (const difference of failed.values()) {
    const { view, reason } = difference
    const small = await shrink(oracle, trial, difference)
    const text = `seed ${seed}, view ${view}: ${reason}\nwhich takes no more than\n${describe(small)}`
    report.differences.push({ seed, view, text })
  }
}

function count(tally: Tally, what: string, where: string): void {
  // Names are numbered as they come.
  const kind = what.replaceAll(/\b[a-z]\d+\b/g, "…")
  const known = tally.get(kind)
  if (known === undefined) tally.set(kind, { times: 1, first: where })
  else known.times++
}

function tallyText(title: string, tally: Tally): string {
  const lines = [...tally].toSorted(([, a], [, b]) => b.times - a.times)
  return [
    title,
    ...lines.map(([what, { times, first }]) => `  ${times} times, first in ${first}: ${what}`),
  ].join("\n")
}

async function inClickHouse(firstSeed: number, projects: number): Promise<void> {
  using home = new ClickHouseHome()
  console.log(`${await differentialInClickHouse(home, firstSeed, projects)} views agree in ClickHouse`)
}

async function inPostgres(firstSeed: number, pairs: number): Promise<void> {
  await using oracle = await PgOracle.open()
  const begun = performance.now()
  let shown = 0
  const report = await differential(oracle, {
    firstSeed,
    pairs,
    maxDifferences: 20,
    onSeed: ({ pairs: done, lastSeed, differences }) => {
      for (; shown < differences.length; shown++) console.log(`${differences[shown]!.text}\n`)
      if (lastSeed % 50 === 0) console.log(`seed ${lastSeed}: ${done} pairs, ${differences.length} differ`)
    },
  })
  const seconds = (performance.now() - begun) / 1000
  console.log(coverageReport(report.coverage))
  if (report.refusals.size > 0) console.log(tallyText("refused by check:", report.refusals))
  if (report.unjudged.size > 0) console.log(tallyText("beyond PostgreSQL:", report.unjudged))
  console.log(
    `seeds ${firstSeed} to ${report.lastSeed}: ${report.pairs} pairs, ${report.withRows} with rows, ` +
      `${report.differences.length} differ; ${(report.pairs / seconds).toFixed(0)} pairs a second`,
  )
  if (report.differences.length > 0) process.exitCode = 1
}

if (import.meta.main) {
  const defaults = { seed: 1, count: 20_000, clickhouse: null } as const
  const { seed, count, clickhouse } = runArguments("npm run differential --", defaults)
  if (clickhouse === null) await inPostgres(seed, count)
  else await inClickHouse(seed, clickhouse)
}
