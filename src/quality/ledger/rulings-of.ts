/**
 * What the ledger keeps of an epoch: runs of excluded rows, by view and partition, cut into records of a
 * bounded size. The same epoch always gives the same records, so that after a crash the missing ones are
 * told by their number.
 */

import type { EpochOutcome, ViewRuling } from "../../ports/epoch-output.ts"
import { VERDICTS } from "../../ports/verdict.ts"
import { CODE, type LedgerRuling, type LedgerRun } from "./ledger-codec.ts"

/** Runs of one record: a few kilobytes, small beside any limit on records. */
export const MAX_RUNS = 1_000

type Section = Pick<LedgerRuling, "view" | "topic" | "partition" | "runs">

const LATE = VERDICTS.indexOf("late")
const FAILED = VERDICTS.indexOf("failed")

export function rulingsOf(history: number, { epoch, duplicates, rulings }: EpochOutcome): LedgerRuling[] {
  const sections = new Map<
    string,
    { view: string | null; topic: string; partition: number; runs: LedgerRun[] }
  >()
  const runsOf = (view: string | null, topic: string, partition: number) => {
    const key = `${view ?? ""}\n${topic}\n${partition}`
    const section = sections.get(key) ?? { view, topic, partition, runs: [] }
    sections.set(key, section)
    return section.runs
  }
  for (const { topic, partition, baseOffset, duplicates: rows } of duplicates) {
    addRuns(runsOf(null, topic, partition), baseOffset, rows.length, (row) =>
      rows[row] === 1 ? CODE.duplicate : -1,
    )
  }
  for (const ruling of rulings) {
    const { view, topic, partition, baseOffset, verdicts } = ruling
    addRuns(runsOf(view, topic, partition), baseOffset, verdicts.length, (row) => codeOf(ruling, row))
  }
  const parts = [...sections].sort(byKey).flatMap(([, section]) => cut(section))
  return parts.map((section, part) => {
    return { kind: "ruling", history, epoch, part, rest: parts.length - part - 1, ...section }
  })
}

/** -1 for a row that is not the ledger's: applied, filtered, or a duplicate, which the event's runs have. */
function codeOf({ verdicts, failures }: ViewRuling, row: number): number {
  if (verdicts[row] === LATE) return CODE.late
  return verdicts[row] === FAILED ? CODE.failed(failures?.[row] ?? 0) : -1
}

/** Slices of one partition come in the order of their offsets. */
function addRuns(runs: LedgerRun[], base: number, count: number, code: (row: number) => number): void {
  for (let row = 0; row < count; row++) {
    const found = code(row)
    if (found < 0) continue
    const last = runs.at(-1)
    if (last !== undefined && last.code === found && last.offset + last.count === base + row) {
      runs[runs.length - 1] = { ...last, count: last.count + 1 }
    } else runs.push({ offset: base + row, count: 1, code: found })
  }
}

function cut(section: Section): Section[] {
  const { runs } = section
  if (runs.length <= MAX_RUNS) return runs.length === 0 ? [] : [section]
  return [{ ...section, runs: runs.slice(0, MAX_RUNS) }, ...cut({ ...section, runs: runs.slice(MAX_RUNS) })]
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}
