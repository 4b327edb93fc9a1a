/** Sessions and patterns: what depends on the order of a key's rows in time. */
import { NO_WATERMARK } from "../../engine/dataflow.ts"
import { type PatternOptions, pattern } from "../../plan/pattern.ts"
import type { LoggedRow } from "../logged-rows.ts"
import { by, grouped, HALF_SECOND_US, SECOND_US, sorted, sum } from "./relations.ts"
import { type Judge, type Row, type SimView, simView, type Taken, type ViewHistory } from "./sim-view.ts"

const GAP_US = SECOND_US

interface Span {
  firstUs: bigint
  lastUs: bigint
}

/**
 * A row is late when the session that it would join, or begin, is gone; and when it was over before the
 * first of its key's open sessions began.
 */
function sessionJudge(latenessUs: bigint): () => Judge {
  return () => {
    const open = new Map<string, Span[]>()
    const gone = new Map<string, Span[]>()
    /** By key: what ends here or before was over when the first of its open sessions began. */
    const overUs = new Map<string, bigint>()
    let judgedEpoch = 0
    const isOver = ({ lastUs }: Span, watermarkUs: bigint) => lastUs + GAP_US + latenessUs <= watermarkUs
    const letGo = (watermarkUs: bigint) => {
      for (const [key, spans] of open) {
        const over = spans.filter((span) => isOver(span, watermarkUs))
        gone.set(key, [...(gone.get(key) ?? []), ...over])
        open.set(
          key,
          spans.filter((span) => !over.includes(span)),
        )
      }
    }
    return ({ name, atUs }, { visit }, epoch) => {
      if (epoch !== judgedEpoch) letGo(visit)
      judgedEpoch = epoch
      const reaches = ({ firstUs, lastUs }: Span) => atUs >= firstUs - GAP_US && atUs <= lastUs + GAP_US
      const own = { firstUs: atUs, lastUs: atUs }
      if ((gone.get(name) ?? []).some(reaches) || isOver(own, overUs.get(name) ?? NO_WATERMARK)) return "late"
      const spans = open.get(name) ?? []
      const joined = spans.filter(reaches)
      if (joined.length === 0 && isOver(own, visit)) return "late"
      if (spans.length === 0) overUs.set(name, visit)
      for (const { firstUs, lastUs } of joined) {
        if (firstUs < own.firstUs) own.firstUs = firstUs
        if (lastUs > own.lastUs) own.lastUs = lastUs
      }
      open.set(name, [...spans.filter((span) => !joined.includes(span)), own])
      return "applied"
    }
  }
}

/** Rows of one visitor that are no further apart than the gap. */
function sessions(visits: readonly Taken[]): LoggedRow[][] {
  const rows = visits.map(({ row }) => row)
  return grouped(rows, ({ name }) => name).flatMap(([, group]) => {
    const all: LoggedRow[][] = []
    for (const row of sorted(
      group,
      by(({ atUs }) => atUs),
    )) {
      const last = all.at(-1)
      if (last === undefined || row.atUs - last.at(-1)!.atUs > GAP_US) all.push([row])
      else last.push(row)
    }
    return all
  })
}

function stay(rows: readonly LoggedRow[]): Row {
  const [first, last] = [rows[0]!, rows.at(-1)!]
  return [first.name, first.atUs, last.atUs + GAP_US, rows.length, sum(rows, ({ amount }) => amount)]
}

const STAYS = `SELECT visitor, window_start, window_end, count(*) AS n, sum(pages) AS pages
  FROM session(visit, at, INTERVAL '1 second', visitor) GROUP BY visitor, window_start, window_end`

const stays = simView("stays", {
  options: { sql: STAYS, allowedLateness: "500 ms" },
  operators: ["sessions"],
  judges: { visit: sessionJudge(HALF_SECOND_US) },
  rows: ({ visits }) => sessions(visits).map(stay),
})

/** A late row takes a closed session back until it closes once more. */
const closedStays = simView("closed_stays", {
  options: { sql: STAYS, emit: "final", allowedLateness: "1 second" },
  operators: ["sessions"],
  judges: { visit: sessionJudge(SECOND_US) },
  rows: ({ visits, watermarksUs }) =>
    sessions(visits)
      .filter((rows) => rows.at(-1)!.atUs + GAP_US <= watermarksUs.visit)
      .map(stay),
})

interface Steps {
  readonly name: string
  readonly options: PatternOptions
  /** Rows that suit no step of a relaxed pattern are not kept. */
  readonly isKept: (row: LoggedRow) => boolean
  /** The rows of one key that are in sight, in order, and up to when all are. */
  readonly matches: (rows: readonly LoggedRow[], completeUs: bigint) => readonly Row[]
}

/** A pattern looks at rows when the watermark has passed them; what comes later than that is late. */
function simPattern({ name, options, isKept, matches }: Steps): SimView {
  const event = options.from as "sale" | "visit"
  const judge = (): Judge => (row, before) =>
    !isKept(row) ? "filtered" : row.atUs < before[event] ? "late" : "applied"
  const rows = ({ sales, visits, watermarksUs }: ViewHistory) => {
    const taken = (event === "sale" ? sales : visits).map(({ row }) => row)
    const inSight = taken.filter(({ atUs }) => atUs < watermarksUs[event])
    return grouped(inSight, (row) => row.name).flatMap(([, group]) =>
      matches(
        sorted(
          group,
          by(({ atUs }) => atUs),
          by(({ id }) => id),
        ),
        watermarksUs[event] - 1n,
      ),
    )
  }
  const definition = pattern(name, options)
  const parts = { longer: null, reads: [], brings: [], judges: { [event]: judge }, rows }
  return { name, definition, operators: ["pattern"], ...parts }
}

const LOW_THEN_HIGH: Omit<PatternOptions, "select"> = {
  from: "visit",
  key: "visitor",
  steps: [
    { name: "low", where: "pages < 4" },
    { name: "high", where: "pages > 6" },
  ],
  contiguity: "relaxed",
  within: "3 seconds",
}

/** From each low row the first high one behind it; `null` for it where time ran out. */
function climbsOf(
  rows: readonly LoggedRow[],
  completeUs: bigint,
): [low: LoggedRow, high: LoggedRow | null][] {
  const found: [LoggedRow, LoggedRow | null][] = []
  for (let at = 0; at < rows.length; at++) {
    const low = rows[at]!
    if (low.amount >= 4) continue
    const untilUs = low.atUs + 3n * SECOND_US
    const next = rows.findIndex(({ amount, atUs }, i) => i > at && amount > 6 && atUs <= untilUs)
    if (next < 0 && untilUs > completeUs) break
    found.push([low, rows[next] ?? null])
    // The next match begins behind this one's last row.
    if (next >= 0) at = next
  }
  return found
}

const isLowOrHigh = ({ amount }: LoggedRow) => amount < 4 || amount > 6

const climbs = simPattern({
  name: "climbs",
  options: { ...LOW_THEN_HIGH, select: "visitor, low.id AS low_id, high.id AS high_id" },
  isKept: isLowOrHigh,
  matches: (rows, completeUs) =>
    climbsOf(rows, completeUs).flatMap(([low, high]) => (high === null ? [] : [[low.name, low.id, high.id]])),
})

const slowClimbs = simPattern({
  name: "slow_climbs",
  options: { ...LOW_THEN_HIGH, timeout: true, select: "visitor, low.id AS low_id, high.id AS high_id" },
  isKept: isLowOrHigh,
  matches: (rows, completeUs) =>
    climbsOf(rows, completeUs).map(([low, high]) => [low.name, low.id, high?.id ?? null, high === null]),
})

const falls = simPattern({
  name: "falls",
  options: {
    from: "sale",
    key: "shop",
    steps: [
      { name: "top", where: "amount > 0" },
      { name: "down", where: "amount < prev(amount)", times: { atLeast: 1 } },
    ],
    within: "3 seconds",
    select: "shop, top.id AS top_id, count(down.*) AS n, down.amount AS lowest",
  },
  isKept: () => true,
  matches: (rows, completeUs) => {
    const found: Row[] = []
    for (let at = 0; at < rows.length; at++) {
      const top = rows[at]!
      if (top.amount <= 0) continue
      const untilUs = top.atUs + 3n * SECOND_US
      let last = at
      const fallsOn = () => {
        const next = rows[last + 1]
        return next !== undefined && next.atUs <= untilUs && next.amount < rows[last]!.amount
      }
      while (fallsOn()) last++
      // A greedy last step goes on while there is time.
      if (rows[last + 1] === undefined && untilUs > completeUs) break
      if (last > at) found.push([top.name, top.id, last - at, rows[last]!.amount])
      at = last
    }
    return found
  },
})

/** With a step that may not be: it matches when its time is over. */
const satisfied = simPattern({
  name: "satisfied",
  options: {
    from: "visit",
    key: "visitor",
    steps: [
      { name: "big", where: "pages > 7" },
      { name: "small", where: "pages < 3", not: true },
    ],
    contiguity: "relaxed",
    within: "2 seconds",
    select: "visitor, big.id AS big_id",
  },
  isKept: ({ amount }) => amount > 7 || amount < 3,
  matches: (rows, completeUs) =>
    rows.flatMap((big, at) => {
      const untilUs = big.atUs + 2n * SECOND_US
      if (big.amount <= 7 || untilUs > completeUs) return []
      const isBarred = rows.some(({ amount, atUs }, i) => i > at && amount < 3 && atUs <= untilUs)
      return isBarred ? [] : [[big.name, big.id]]
    }),
})

export const SEQUENCES: readonly SimView[] = [stays, closedStays, climbs, slowClimbs, falls, satisfied]
