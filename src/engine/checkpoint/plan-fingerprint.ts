/** Sixteen hex digits of an operator graph: equal graphs have equal state layouts. */
import { mixBytes } from "../code/hashing.ts"
import type { OperatorSpec } from "../dataflow.ts"

export function planFingerprint(specs: readonly OperatorSpec[]): string {
  const text = JSON.stringify(specs, (_, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`
    if (typeof value === "number" && !Number.isFinite(value)) return String(value)
    return value instanceof Uint8Array ? `bytes:${Array.from(value).join(",")}` : value
  })
  const bytes = new TextEncoder().encode(text)
  const half = (seed: number) => (mixBytes(seed, bytes, 0, bytes.length) >>> 0).toString(16).padStart(8, "0")
  return half(0x1b873593) + half(0x52dce729)
}
