/**
 * What the generator has covered, and what it must: every operator over every other, every operator with a
 * column of every type, and by every type that it can compare. What cannot be stands here with its reason.
 */
import type { Coverage, QueryOperator } from "./coverage.ts"
import { OPERATORS, SOURCES } from "./coverage.ts"
import { CUTTING, FLOWS } from "./flows.ts"
import { COMPARABLE, KINDS } from "./kinds.ts"

interface Impossible {
  readonly what: string
  readonly reason: string
}

const UNTIMED = "its rows carry neither an event time nor a window"

/** Windows are cut along a time, which not all rows have. */
export function impossiblePairs(): readonly Impossible[] {
  const timed = new Set([...FLOWS.time, ...FLOWS.closing])
  return CUTTING.flatMap((outer) =>
    OPERATORS.filter((inner) => !timed.has(inner)).map((inner) => ({
      what: `${outer} over ${inner}`,
      reason: UNTIMED,
    })),
  )
}

const NO_JSON_KEY = "json cannot be compared"
/** They hand on what they compare, and nothing else. */
const COMPARING: readonly QueryOperator[] = [
  "distinct",
  "union",
  "intersect",
  "intersect all",
  "except",
  "except all",
]
/** Their columns are keys and what aggregates give, which is never json. */
const GROUPING: readonly QueryOperator[] = [
  "group by",
  "aggregate",
  "grouping sets",
  "rollup",
  "cube",
  ...CUTTING,
]
const GIVEN: readonly string[] = ["bytes", "json"]

export function impossibleColumns(): readonly Impossible[] {
  return [
    ...COMPARING.map((operator) => ({ what: `${operator} with json`, reason: NO_JSON_KEY })),
    ...GROUPING.flatMap((operator) =>
      GIVEN.map((kind) => ({ what: `${operator} with ${kind}`, reason: "no aggregate gives it" })),
    ),
  ]
}

/** Operators that compare nothing. */
const KEYLESS: readonly QueryOperator[] = ["select", "union all", "cross join", "with ties"]

function wantedKeys(): readonly string[] {
  const keyed = OPERATORS.filter((operator) => !KEYLESS.includes(operator) || operator === "with ties")
  return keyed.flatMap((operator) => COMPARABLE.map((kind) => `${operator} by ${kind}`))
}

function wantedPairs(): readonly string[] {
  const impossible = new Set(impossiblePairs().map(({ what }) => what))
  const all = OPERATORS.flatMap((outer) =>
    [...OPERATORS, ...SOURCES].map((inner) => `${outer} over ${inner}`),
  )
  return all.filter((pair) => !impossible.has(pair))
}

function wantedColumns(): readonly string[] {
  const impossible = new Set(impossibleColumns().map(({ what }) => what))
  const all = OPERATORS.flatMap((operator) => KINDS.map((kind) => `${operator} with ${kind}`))
  return all.filter((column) => !impossible.has(column))
}

/** What should have been produced and was not. */
export function missing(coverage: Coverage): readonly string[] {
  return [...wantedPairs(), ...wantedColumns(), ...wantedKeys()].filter((what) => coverage.times(what) === 0)
}

export function coverageReport(coverage: Coverage): string {
  const part = (title: string, wanted: readonly string[]) => {
    const counts = wanted.map((what) => coverage.times(what)).toSorted((a, b) => a - b)
    const met = counts.filter((times) => times > 0).length
    const middle = counts[Math.floor(counts.length / 2)] ?? 0
    const least = counts[0] ?? 0
    return `${title}: ${met} of ${wanted.length}, the least ${least} times, half ${middle} times or more`
  }
  const none = missing(coverage)
  const features = coverage.features().map(([name, times]) => `${name} ${times}`)
  return [
    part("operators over operators", wantedPairs()),
    part("operators with types of columns", wantedColumns()),
    part("operators by types of keys", wantedKeys()),
    `features: ${features.join(", ")}`,
    ...(none.length === 0 ? [] : [`missing: ${none.join(", ")}`]),
  ].join("\n")
}
