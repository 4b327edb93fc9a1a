/**
 * Which operators are split among the parts of an engine, and which the first one keeps whole: processes,
 * whose calls are numbered and see rows as they come, and all whose changes reach one, so that the order in
 * which it sees them is the same for any number of parts. The first part also has the views' rows.
 */
import type { OperatorSpec } from "../dataflow.ts"
import { Share } from "../exchange/share.ts"
import type { DataflowGraph } from "./routes.ts"
import { inputsOf } from "./routes.ts"

export interface PartOf {
  readonly index: number
  readonly count: number
}

/** What part `index` of `count` keeps of an operator. */
export function placeOperators(
  specs: readonly OperatorSpec[],
  { index, count }: PartOf,
): (operator: string) => Share {
  const whole = keptWhole(specs)
  const share = Share.of(index, count)
  const rest = index === 0 ? Share.whole : Share.nothing
  return (operator) => (whole.has(operator) ? rest : share)
}

function keptWhole(specs: readonly OperatorSpec[]): ReadonlySet<string> {
  const whole = new Set<string>()
  for (const spec of specs.toReversed()) {
    if (spec.kind !== "process" && !whole.has(spec.id)) continue
    whole.add(spec.id)
    for (const input of inputsOf(spec)) whole.add(input)
  }
  return whole
}

/** Ids of operators, sides and views whose changes every part reads; those of others go into rows alone. */
export function readByAll({ pipelines }: DataflowGraph): ReadonlySet<string> {
  const routes = pipelines.flatMap((pipeline) => pipeline.routes)
  const read = routes.filter(({ target }) => target.kind !== "view" || target.isInternal === true)
  return new Set(read.map(({ origin }) => origin.id))
}
