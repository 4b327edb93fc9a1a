/**
 * What the ledger keeps of an epoch: runs of rows left out, whole or in part, by view and partition, cut into
 * records of a bounded size. The same epoch always gives the same records, so that after a crash the missing
 * ones are told by their number.
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
      rows[row] === 1 ? { code: CODE.duplicate } : null,
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

type Code = Pick<LedgerRun, "code" | "goneEndUs">

/** Null for a row that the view has as a whole or filters, and for a duplicate: its event's runs have it. */
function codeOf({ verdicts, failures, partly }: ViewRuling, row: number): Code | null {
  if (verdicts[row] === LATE) return { code: CODE.late }
  if (verdicts[row] === FAILED) return { code: CODE.failed(failures?.[row] ?? 0) }
  const goneEndUs = partly?.get(row)
  return goneEndUs === undefined ? null : { code: CODE.partly, goneEndUs }
}

/** Slices of one partition come in the order of their offsets. */
function addRuns(runs: LedgerRun[], base: number, count: number, codeAt: (row: number) => Code | null): void {
  for (let row = 0; row < count; row++) {
    const found = codeAt(row)
    if (found === null) continue
    const last = runs.at(-1)
    const isSame = last?.code === found.code && last.goneEndUs === found.goneEndUs
    if (isSame && last.offset + last.count === base + row) {
      runs[runs.length - 1] = { ...last, count: last.count + 1 }
    } else runs.push({ offset: base + row, count: 1, ...found })
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
