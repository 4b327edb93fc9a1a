/**
 * A pattern as SQL's MATCH_RECOGNIZE, for people to read: what SQL cannot say stands in comments. Nothing
 * parses it.
 */
import { durationText } from "../duration-text.ts"
import { nodesOf } from "../nodes/rebuild.ts"
import type { ViewPlan } from "../plan.ts"
import type { PatternDefinition, PatternSkip, PatternStepDefinition } from "./definition.ts"

export function matchRecognize(pattern: PatternDefinition): string {
  const { from, key, steps, withinUs, afterMatch, timeout, select } = pattern
  const defined = steps.map(({ name, where }) => `    ${name} AS ${oneLine(where)}`)
  return [
    `SELECT * FROM ${from} MATCH_RECOGNIZE (`,
    `  PARTITION BY ${key.join(", ")} ORDER BY event time`,
    `  MEASURES ${oneLine(select)}`,
    "  ONE ROW PER MATCH",
    `  AFTER MATCH ${skipText(afterMatch)}`,
    `  PATTERN (${steps.map(stepText).join(" ")}) WITHIN INTERVAL '${durationText(withinUs)}'`,
    ...(timeout ? ["  /* and what was there when time ran out */"] : []),
    "  DEFINE",
    `${defined.join(",\n")}`,
    ")",
  ].join("\n")
}

/** What of a plan no SQL can say, MATCH_RECOGNIZE included, so that no other home than the embedded one runs
 *  it. */
export function embeddedOnly({ root }: Pick<ViewPlan, "root">): readonly string[] {
  const nodes = nodesOf(root)
  const patterns = nodes.filter((node) => node.kind === "pattern")
  const steps = patterns.flatMap((node) => node.steps)
  return [
    ...(steps.some(({ negated, relaxed }) => relaxed && !negated) ? ["relaxed contiguity"] : []),
    ...(steps.some(({ negated }) => negated) ? ["negation"] : []),
    ...(patterns.some(({ timeouts }) => timeouts) ? ["time-out output"] : []),
    ...(nodes.some((node) => node.kind === "process" || (node.kind === "scan" && node.side !== undefined))
      ? ["process()"]
      : []),
  ]
}

function stepText({ name, least, most, greedy, contiguity, not }: PatternStepDefinition): string {
  if (not) return `/* not ${name} */`
  const relaxed = contiguity === "relaxed" ? "/* relaxed */ " : ""
  return `${relaxed}${name}${timesText(least, most)}${greedy || least === most ? "" : "?"}`
}

function timesText(least: number, most: number | null): string {
  if (least === most) return least === 1 ? "" : `{${least}}`
  if (most === null) return least === 0 ? "*" : least === 1 ? "+" : `{${least},}`
  return least === 0 && most === 1 ? "?" : `{${least},${most}}`
}

function skipText(skip: PatternSkip): string {
  if (skip.kind === "past-last") return "SKIP PAST LAST ROW"
  if (skip.kind === "next-row") return "SKIP TO NEXT ROW"
  return `SKIP TO ${skip.kind === "to-first" ? "FIRST" : "LAST"} ${skip.step}`
}

const oneLine = (text: string): string => text.trim().replace(/\s+/g, " ")
