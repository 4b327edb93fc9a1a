/** Every problem that is found in a pattern and in no other view. */
import { PlatformError } from "../../std/errors.ts"
import type { Finding } from "../errors.ts"

/** @throws PlatformError: what `pattern()` refuses at once, before any SQL is read. */
export function invalidPattern(name: string, message: string): PlatformError {
  const text = `pattern ${name}: ${message}`
  return new PlatformError({ code: "invalid-pattern", domain: "user", message: text })
}

export const patternFindings = {
  input: (source: string, why: string): Finding => ({
    code: "pattern-input",
    message: `the rows of ${source} cannot be put in order for good: ${why}`,
    suggestion: 'read an event, or a view of events without GROUP BY, or one with emit: "final"',
  }),
  key: (column: string, why: string): Finding => ({
    code: "pattern-key",
    message: `${column} cannot be a pattern's key: ${why}`,
    suggestion: "name another column whose values tell the rows apart",
  }),
  text: (what: string, why: string, form: string): Finding => ({
    code: "pattern-text",
    message: `${what} ${why}`,
    suggestion: `write ${form}`,
  }),
  reference: (what: string, why: string, suggestion: string): Finding => ({
    code: "pattern-reference",
    message: `${what}: ${why}`,
    suggestion,
  }),
}
