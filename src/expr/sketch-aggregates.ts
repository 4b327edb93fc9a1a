/**
 * Aggregates over sketches that rows carry, by their names: what they take, and what they give.
 *
 *   approx_percentile_state(x)          values -> state       of an hour
 *   approx_percentile_merge_state(s)    states -> state       of a day, of its hours
 *   approx_percentile_merge(s, 0.99)    states -> estimate
 */

/** States have their positions here. */
export const SKETCHES = ["count_distinct", "percentile", "frequency"] as const
export type SketchKind = (typeof SKETCHES)[number]

const FORMS = {
  state: { takes: "values", gives: "state" },
  merge: { takes: "states", gives: "estimate" },
  merge_state: { takes: "states", gives: "state" },
} as const

export type SketchAggregateName = `approx_${SketchKind}_${keyof typeof FORMS}`

export interface SketchAggregate {
  readonly kind: SketchKind
  readonly takes: "values" | "states"
  readonly gives: "state" | "estimate"
}

const BY_NAME: ReadonlyMap<string, SketchAggregate> = new Map(
  SKETCHES.flatMap((kind) =>
    Object.entries(FORMS).map(([form, parts]) => [`approx_${kind}_${form}`, { kind, ...parts }] as const),
  ),
)

export const SKETCH_AGGREGATES = [...BY_NAME.keys()] as readonly SketchAggregateName[]

/** Null for other aggregates. */
export const sketchAggregate = (name: string): SketchAggregate | null => BY_NAME.get(name) ?? null

/** Aggregates that answer from a sketch, or make one. */
export const isSketch = (name: string): boolean =>
  BY_NAME.has(name) || name === "approx_percentile" || name === "approx_top_k"
