/**
 * The seeded simulations: the log alone, and the whole runtime. What fails prints its seed, and the same
 * seed fails again in the same way.
 *
 *   npm run simulate -- --seed 7 --count 1000
 *   npm run simulate -- --seed 7 --trace        what happened in one seed, line by line
 *   npm run simulate -- --disk-faults 1000      the disk full, and failing, at each of so many writes in turn
 */
import { setImmediate } from "node:timers/promises"
import { simulateLog } from "../../src/testing/log-simulation.ts"
import { simulateRuntime } from "../../src/testing/runtime-simulation.ts"
import { runArguments } from "../kit/run-arguments.ts"
import { simulateDiskFaults } from "./disk-faults.ts"

export const FAULTS_PER_SEED = 20

export interface SimulationReport {
  readonly seeds: number
  readonly logRestarts: number
  readonly starts: number
  readonly epochs: number
  readonly acknowledgedRows: number
  /** How often each kind of fault struck the runtime. */
  readonly faults: Readonly<Record<string, number>>
  /** How many struck while such an operator was in the project. */
  readonly faultsAmid: Readonly<Record<string, number>>
  /** How many struck the seed that met the fewest. */
  readonly leastFaults: number
  /** Changes of the project, and stops in order. */
  readonly turns: Readonly<Record<string, number>>
  /** Of this process's processor, for each seed, of which `logMs` for the log alone. */
  readonly cpuMs: number
  readonly logMs: number
}

/** Runs both simulations for `count` seeds; the first broken law is thrown. */
export async function simulate(
  firstSeed: number,
  count: number,
  onProgress: (done: number) => void = () => {},
): Promise<SimulationReport> {
  const [faults, faultsAmid, turns] = [new Counts(), new Counts(), new Counts()]
  let [logRestarts, starts, epochs, acknowledgedRows, leastFaults] = [0, 0, 0, 0, Number.POSITIVE_INFINITY]
  let [logUs, allUs] = [0, 0]
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const begin = process.cpuUsage()
    logRestarts += simulateLog(seed).restarts
    logUs += sinceUs(begin)
    const run = await hearingAll(seed, () => simulateRuntime(seed))
    allUs += sinceUs(begin)
    starts += run.starts
    epochs += run.epochs
    acknowledgedRows += run.acknowledgedRows
    leastFaults = Math.min(leastFaults, faults.add(run.faults))
    faultsAmid.add(run.faultsAmid)
    turns.add(run.turns)
    onProgress(seed + 1 - firstSeed)
  }
  const totals = { faults: faults.totals, faultsAmid: faultsAmid.totals, turns: turns.totals, leastFaults }
  const cost = { cpuMs: Math.round(allUs / count / 1_000), logMs: Math.round(logUs / count / 1_000) }
  return { seeds: count, logRestarts, starts, epochs, acknowledgedRows, ...totals, ...cost }
}

class Counts {
  readonly totals: Record<string, number> = {}

  /** @returns how many they are together */
  add(counts: ReadonlyMap<string, number>): number {
    let sum = 0
    for (const [kind, times] of counts) {
      this.totals[kind] = (this.totals[kind] ?? 0) + times
      sum += times
    }
    return sum
  }
}

function sinceUs(begin: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begin)
  return user + system
}

/** A promise that fails without anybody hearing of it would end a server: here it fails the seed. */
async function hearingAll<T>(seed: number, action: () => Promise<T>): Promise<T> {
  const unheard: unknown[] = []
  const hear = (reason: unknown) => void unheard.push(reason)
  process.on("unhandledRejection", hear)
  try {
    const value = await action()
    await setImmediate()
    if (unheard.length > 0) throw new Error(`seed ${seed}: a failure was not heard`, { cause: unheard[0] })
    return value
  } finally {
    process.off("unhandledRejection", hear)
  }
}

if (import.meta.main) {
  const defaults = { seed: null, count: null, trace: false, "disk-faults": null } as const
  const given = runArguments("npm run simulate --", defaults)
  const last = given["disk-faults"]
  if (last !== null) {
    const report = await simulateDiskFaults(last, 1, (at) => {
      if (at % 100 === 0) console.log(`${at} of ${last} writes and syncs`)
    })
    console.log(JSON.stringify(report, null, 2))
    process.exit()
  }
  const seed = given.seed ?? 0
  const count = given.count ?? (given.seed === null ? 100 : 1)
  const report = await simulate(seed, count, (done) => {
    if (done % 100 === 0) console.log(`${done} of ${count} seeds`)
  })
  if (report.leastFaults < FAULTS_PER_SEED) throw new Error(`a seed met ${report.leastFaults} faults only`)
  if (given.trace) console.log((await simulateRuntime(seed)).trace.join("\n"))
  console.log(JSON.stringify(report, null, 2))
}
