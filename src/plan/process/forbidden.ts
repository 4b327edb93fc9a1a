/**
 * What a handler must not ask, since it would answer otherwise when an epoch runs again after a crash. Looks
 * at the handler's own text; what it calls elsewhere is not seen.
 */

const FORBIDDEN: readonly (readonly [found: RegExp, instead: string])[] = [
  [/\bDate\s*\.\s*now\b/, "ctx.processingTime, or ctx.time"],
  [/\bnew\s+Date\s*(?:\(\s*\)|(?![\s\w$(.]))/, "new Date(ctx.time)"],
  [/\bMath\s*\.\s*random\b/, "ctx.random()"],
  [/\bcrypto\s*\.\s*\w+/, "ctx.random(), or a value of the row"],
  [/\bperformance\s*\.\s*\w+/, "ctx.processingTime"],
  [/\bTemporal\s*\.\s*Now\b/, "ctx.processingTime, or ctx.time"],
  [/\bset(?:Timeout|Interval|Immediate)\b/, "ctx.setProcessingTimer(ctx.processingTime + 1_000)"],
  [/\bqueueMicrotask\b/, "a plain call"],
  [/\bfetch\s*\(/, "an event that brings the answer"],
  [/\bprocess\s*\.\s*(?:env|hrtime|uptime|pid|memoryUsage)\b/, "a constant of the module"],
]

/** A quoted text or a comment, which are not code. */
const NO_CODE = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g

/** What is wrong with a handler; null: nothing that can be seen. */
export function forbiddenIn(handler: (...values: never[]) => unknown): string | null {
  const kind = handler.constructor.name
  if (kind !== "Function")
    return "is async or a generator; a process waits for nothing, so write it as a plain function"
  const text = String(handler).replace(NO_CODE, " ")
  for (const [found, instead] of FORBIDDEN) {
    const match = found.exec(text)
    if (match === null) continue
    const name = match[0].replace(/\s+/g, " ").replace(/\s*\($/, "()")
    return `uses ${name}, which says something else when an epoch runs again after a crash; use ${instead}`
  }
  return null
}
