/**
 * The SELECT list. Key, time and window survive where their columns are handed on as they are. Of a window's
 * start and end either stands for the other, but for windows that share their starts.
 */
import type { Expression } from "../../expr/expression.ts"
import { assert } from "../../std/assert.ts"
import type { PlanNode, ProjectNode, WindowColumns } from "../plan.ts"
import { startTellsEnd } from "./window.ts"

export interface ProjectParts {
  readonly input: PlanNode
  readonly expressions: readonly Expression[]
  /** Output names, one per expression. */
  readonly names: readonly string[]
}

export function projectNode({ input, expressions, names }: ProjectParts): ProjectNode {
  assert(expressions.length === names.length, "every projected expression has a name")
  const places = new Map<number, number>()
  for (const [position, expression] of expressions.entries()) {
    if (expression.kind === "column" && !places.has(expression.index)) places.set(expression.index, position)
  }
  const columns = expressions.map(({ type, nullable }, i) => ({ name: names[i]!, type, nullable }))
  const windowColumns = projectWindow(input.windowColumns, places)
  const key = projectKey(input, places)
  const time = input.timeColumn === null ? undefined : places.get(input.timeColumn)
  return Object.freeze({
    kind: "project",
    input,
    expressions,
    columns,
    changes: input.changes === "upsert" && key === null ? "retract" : input.changes,
    key,
    timeColumn: time ?? windowColumns?.end ?? null,
    windowColumns,
    delayUs: input.delayUs,
  })
}

function projectWindow(window: WindowColumns | null, places: Places): WindowColumns | null {
  if (window === null) return null
  const start = window.start === null ? null : (places.get(window.start) ?? null)
  const end = window.end === null ? null : (places.get(window.end) ?? null)
  if (end === null && (start === null || !startTellsEnd(window)) && window.sessionKeys === undefined)
    return null
  if (window.sessionKeys === undefined) return { ...window, start, end }
  const sessionKeys = window.sessionKeys.map((key) => places.get(key))
  if (sessionKeys.includes(undefined) || (start === null && end === null)) return null
  return { ...window, start, end, sessionKeys: sessionKeys as number[] }
}

type Places = ReadonlyMap<number, number>

function projectKey({ key, windowColumns }: PlanNode, places: Places): readonly number[] | null {
  if (key === null) return null
  const projected = key.map((index) => places.get(index) ?? partnerPlace(index, windowColumns, places))
  if (projected.includes(undefined)) return null
  return [...new Set(projected as number[])]
}

function partnerPlace(index: number, window: WindowColumns | null, places: Places): number | undefined {
  if (window === null) return undefined
  const startForEnd = index === window.end && startTellsEnd(window) ? window.start : null
  const partner = index === window.start ? window.end : startForEnd
  return partner === null ? undefined : places.get(partner)
}
