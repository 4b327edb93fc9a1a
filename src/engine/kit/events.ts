/** The event that most tests of the engine read, and windows over it. */
import { INT32, STRING, TIMESTAMP } from "../../columns/types.ts"
import type { AggregateSpec, EngineWindow } from "../dataflow.ts"
import { column } from "./batches.ts"
import { aggregate, col } from "./expressions.ts"
import { groupBy, Harness, source, view } from "./harness.ts"

export const EVENT = [column("key", STRING), column("value", INT32), column("time", TIMESTAMP)]
export const WINDOWS = [column("window_start", TIMESTAMP, false), column("window_end", TIMESTAMP, false)]
export const KEY = col(EVENT, "key")
export const VALUE = col(EVENT, "value")
export const START = col([...EVENT, ...WINDOWS], "window_start")
export const END = col([...EVENT, ...WINDOWS], "window_end")
export const TUMBLE: EngineWindow = { kind: "tumble", time: col(EVENT, "time"), sizeUs: 10n, slideUs: 10n }
export const HOP: EngineWindow = { kind: "hop", time: col(EVENT, "time"), sizeUs: 10n, slideUs: 5n }

/** Count and sum per window and key; the key columns are window_end and key. */
export function perWindow(parts: Partial<AggregateSpec>): Harness {
  const spec = groupBy("events", {
    window: TUMBLE,
    keys: [END, KEY],
    windowKeys: { start: null, end: 0 },
    aggregates: [aggregate("count", null), aggregate("sum", VALUE)],
    ...parts,
  })
  return new Harness([source(EVENT), spec, view("totals", "groups", spec.columns, [0, 1])], EVENT)
}
