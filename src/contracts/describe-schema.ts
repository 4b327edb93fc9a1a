/**
 * A zod schema as text that is equal for equal schemas, for fingerprints: its definition with keys in order,
 * patterns and functions as their source (without spaces, so that compiling changes less), messages left out.
 */
import type { z } from "zod"

/** Parts of a definition that do not decide what is accepted. */
const SILENT = new Set(["error", "message", "abort", "when", "fn_name"])

export function describeSchema(schema: z.core.$ZodType): string {
  return JSON.stringify(describe(schema, []))
}

function describe(part: unknown, above: readonly unknown[]): unknown {
  if (part === null || typeof part === "string" || typeof part === "boolean") return part
  if (typeof part === "number" || typeof part === "bigint") return `${typeof part} ${part}`
  if (typeof part === "function") return String(part).replace(/\s+/g, "")
  if (part instanceof RegExp) return String(part)
  if (typeof part !== "object") return `${part}`
  if (above.includes(part)) return `recursive ${above.length - above.indexOf(part)}`
  const inside = [...above, part]
  if (part instanceof Date) return part.toISOString()
  if (part instanceof Set) return [...part].map((item) => describe(item, inside))
  if (Array.isArray(part)) return part.map((item) => describe(item, inside))
  if ("_zod" in part) return describe((part as z.core.$ZodType)._zod.def, inside)
  if ("type" in part && part.type === "lazy" && "getter" in part) {
    return describe((part.getter as () => unknown)(), inside)
  }
  const keys = Object.keys(part).filter((key) => !SILENT.has(key))
  const symbols = Object.getOwnPropertySymbols(part).map((symbol) => symbol.description ?? "")
  const entries = keys.sort().map((key) => [key, describe((part as Record<string, unknown>)[key], inside)])
  const tags = symbols
    .sort()
    .map((name) => [name, describe((part as Record<symbol, unknown>)[Symbol.for(name)], inside)])
  return Object.fromEntries([...entries, ...tags])
}
