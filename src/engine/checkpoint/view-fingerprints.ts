/**
 * What views are made of, in sixteen hex digits: where they are equal, the layout of state is, and what comes
 * of the same rows.
 */
import type { Column } from "../../columns/types.ts"
import { mixBytes } from "../code/hashing.ts"
import type { OperatorSpec } from "../dataflow.ts"
import type { GoingOn } from "../engine-checkpoint.ts"
import { areRowsHeld, byViewName } from "../graph/held-rows.ts"
import { inputsOf, type ViewPipeline } from "../graph/routes.ts"

/** By the names of views. */
export interface ViewFingerprints {
  /** Of all from the sources on. */
  readonly views: ReadonlyMap<string, string>
  /** Of operators and what is in front of them, without the steps behind; where rows can be made of these. */
  readonly operators: ReadonlyMap<string, string>
}

export function viewFingerprints(
  specs: readonly OperatorSpec[],
  pipelines: readonly ViewPipeline[],
): ViewFingerprints {
  const byId = new Map<string, string>()
  for (const spec of specs) {
    byId.set(spec.id, fingerprint([textOf(spec), ...inputsOf(spec).map((id) => byId.get(id))]))
  }
  const byName = byViewName(pipelines)
  const held = pipelines.filter((pipeline) => areRowsHeld(pipeline, byName))
  return {
    views: new Map(pipelines.map(({ view }) => [view.name, byId.get(view.id)!])),
    operators: new Map(
      held.map(({ view, operators, upstream }) => {
        const prints = operators.map(({ id }) => byId.get(id))
        return [view.name, fingerprint([...prints, ...upstream.toSorted()])]
      }),
    ),
  }
}

/** What a checkpoint says of its views. */
export interface SavedFingerprints {
  readonly views: Readonly<Record<string, string>>
  readonly operators?: Readonly<Record<string, string>>
}

/**
 * Views that read each other, or have something in common, go on together or not at all: one that begins anew
 * needs the whole past of what it reads.
 */
export function viewsGoingOn(
  pipelines: readonly ViewPipeline[],
  now: ViewFingerprints,
  { views, operators = {}, anew }: SavedFingerprints & { readonly anew: ReadonlySet<string> },
): GoingOn {
  const kept = new Set<string>()
  const derived = new Set<string>()
  for (const [view, print] of now.views) {
    const held = now.operators.get(view)
    if (anew.has(view)) continue
    if (print === views[view]) kept.add(view)
    else if (held !== undefined && held === operators[view]) derived.add(view)
  }
  for (let isSettled = false; !isSettled; ) {
    isSettled = true
    for (const { view, upstream } of pipelines) {
      const together = [view.name, ...upstream]
      if (together.every((name) => kept.has(name) || derived.has(name))) continue
      for (const name of together) if (kept.delete(name) || derived.delete(name)) isSettled = false
    }
  }
  return { kept, derived }
}

function textOf(spec: OperatorSpec): string {
  return JSON.stringify(spec, (_, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`
    if (typeof value === "number" && !Number.isFinite(value)) return String(value)
    if (value instanceof Uint8Array) return `bytes:${Array.from(value).join(",")}`
    return isColumn(value) && !seesNames(spec) ? { ...value, name: undefined } : value
  })
}

/** The fields of events are told apart by their names, and so are the columns of a user's function. */
function seesNames({ kind }: OperatorSpec): boolean {
  return kind === "source" || kind === "process" || kind === "side"
}

/** Or a reference to one. To operators columns are positions: another name for one makes no other rows. */
function isColumn(value: unknown): value is Column {
  if (typeof value !== "object" || value === null || !("nullable" in value && "type" in value)) return false
  return !("kind" in value) || value.kind === "column"
}

/** Of the hash of keys: texts of all operators are some hundred kilobytes, and a start waits for them. */
function fingerprint(texts: readonly (string | undefined)[]): string {
  const bytes = new TextEncoder().encode(texts.join("\n"))
  const half = (seed: number) => (mixBytes(seed, bytes, 0, bytes.length) >>> 0).toString(16).padStart(8, "0")
  return half(0x1b873593) + half(0x52dce729)
}
