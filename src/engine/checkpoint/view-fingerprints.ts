/**
 * Sixteen hex digits of what a view is made of, from its sources on: where they are equal, the layout of
 * state is, and what the view makes of the same rows.
 */
import { mixBytes } from "../code/hashing.ts"
import type { OperatorSpec } from "../dataflow.ts"
import { inputsOf, type ViewPipeline } from "../graph/routes.ts"

/** By name of the view. */
export function viewFingerprints(specs: readonly OperatorSpec[]): ReadonlyMap<string, string> {
  const byId = new Map<string, string>()
  const byView = new Map<string, string>()
  for (const spec of specs) {
    const print = fingerprint([textOf(spec), ...inputsOf(spec).map((id) => byId.get(id))].join("\n"))
    byId.set(spec.id, print)
    if (spec.kind === "view") byView.set(spec.name, print)
  }
  return byView
}

/**
 * The views that go on with saved state. Views that read each other, or have something in common, go on
 * together or not at all: one that begins anew needs the whole past of what it reads.
 */
export function unchangedViews(
  pipelines: readonly ViewPipeline[],
  now: ReadonlyMap<string, string>,
  saved: Readonly<Record<string, string>>,
): ReadonlySet<string> {
  const unchanged = new Set([...now.keys()].filter((view) => now.get(view) === saved[view]))
  for (let before = -1; before !== unchanged.size; ) {
    before = unchanged.size
    for (const { view, upstream } of pipelines) {
      const together = [view.name, ...upstream]
      if (together.every((name) => unchanged.has(name))) continue
      for (const name of together) unchanged.delete(name)
    }
  }
  return unchanged
}

function textOf(spec: OperatorSpec): string {
  return JSON.stringify(spec, (_, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`
    if (typeof value === "number" && !Number.isFinite(value)) return String(value)
    return value instanceof Uint8Array ? `bytes:${Array.from(value).join(",")}` : value
  })
}

/** Of the hash of keys: texts of all operators are some hundred kilobytes, and a start waits for them. */
function fingerprint(text: string): string {
  const bytes = new TextEncoder().encode(text)
  const half = (seed: number) => (mixBytes(seed, bytes, 0, bytes.length) >>> 0).toString(16).padStart(8, "0")
  return half(0x1b873593) + half(0x52dce729)
}
