/** What a stage does to one row besides filtering and projecting it. */
import type { Expression } from "../../expr/expression.ts"
import type { EngineWindow } from "../dataflow.ts"
import type { Row } from "./batches.ts"
import { evaluate } from "./naive-expressions.ts"
import { naiveWindows } from "./naive-windows.ts"

export function repeated(times: Expression | undefined, row: Row): Row[] {
  if (times === undefined) return [row]
  const count = Number(evaluate(times, row) ?? 0n)
  return Array.from({ length: Math.max(0, count) }, () => row)
}

export function windowed(window: EngineWindow, row: Row): Row[] {
  const time = evaluate(window.time, row) as bigint | null
  if (time === null) return []
  return naiveWindows(window, time).map(([start, end]) => [...row, start, end])
}
