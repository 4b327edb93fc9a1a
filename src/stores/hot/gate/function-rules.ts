/** Whether a function may be called, by its name as the statement has it. */
import { nearestName } from "../../../expr/nearest-name.ts"
import { ALLOWED_AGGREGATES, ALLOWED_FUNCTIONS } from "./allowed-functions.ts"
import type { Refusal } from "./errors.ts"
import { REFUSED_FUNCTIONS } from "./refused-functions.ts"

/** What ClickHouse lets stand behind the name of an aggregate function: sumIf, uniqStateOrNull. */
const COMBINATORS =
  "If Array Map SimpleState State Merge ForEach Distinct OrDefault OrNull Resample ArgMin ArgMax Tuple Null"
const COMBINATOR = new RegExp(`(?:${COMBINATORS.replaceAll(" ", "|")})$`)

/** What is no function of the engine but a part of its language: x -> y, EXISTS (SELECT …), GROUPING(…). */
const OF_THE_LANGUAGE: ReadonlySet<string> = new Set(["lambda", "exists", "grouping"])

const inLowerCase = (names: ReadonlySet<string>) => new Set([...names].map((name) => name.toLowerCase()))
const FUNCTIONS = inLowerCase(ALLOWED_FUNCTIONS)
const AGGREGATES = inLowerCase(ALLOWED_AGGREGATES)

/**
 * Null when the function may be called. The engine takes many names in any case, so the case counts for
 * nothing here; no allowed and refused name differ by case alone, which a test sees to.
 */
export function refusalOfFunction(name: string): Refusal | null {
  const lower = name.toLowerCase()
  const construct = `the function ${name}()`
  const reason = REFUSED_FUNCTIONS.get(lower)
  if (reason !== undefined) return { construct, reason, advice: adviceFor(lower) }
  if (FUNCTIONS.has(lower) || OF_THE_LANGUAGE.has(lower) || isCombined(name)) return null
  const near = nearestName(name, [...ALLOWED_FUNCTIONS])
  const advice = near === null ? "docs/queries.md says which functions there are" : `did you mean ${near}()?`
  return { construct, reason: "is none of the functions that queries may call", advice }
}

/** sumIf is sum with If behind it, uniqStateOrNull uniq with two. */
function isCombined(name: string): boolean {
  for (let base = name; COMBINATOR.test(base); ) {
    base = base.replace(COMBINATOR, "")
    if (AGGREGATES.has(base.toLowerCase())) return true
  }
  return false
}

const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["file", "queries read the tables of events, views and lake"],
  ["version", "GET /healthz tells the platform's version"],
  ["neighbor", "use lagInFrame or leadInFrame OVER (ORDER BY …)"],
  ["runningdifference", "use lagInFrame OVER (ORDER BY …)"],
  ["runningaccumulate", "use a window function: sum(…) OVER (ORDER BY …)"],
  ["rownumberinallblocks", "use row_number() OVER (ORDER BY …)"],
  ["rownumberinblock", "use row_number() OVER (ORDER BY …)"],
  ["dictget", "join a table instead"],
  ["joinget", "join a table instead"],
])

function adviceFor(lower: string): string {
  return INSTEAD.get(lower) ?? "leave it out"
}
