/** Every problem that is found in a process and in no other view. */
import { PlatformError } from "../../std/errors.ts"
import type { Finding } from "../errors.ts"

/** @throws PlatformError: what `process()` refuses at once. */
export function invalidProcess(name: string, message: string): PlatformError {
  const text = `process ${name}: ${message}`
  return new PlatformError({ code: "invalid-process", domain: "user", message: text })
}

export const processFindings = {
  input: (source: string, why: string): Finding => ({
    code: "process-input",
    message: `the rows of ${source} cannot be handed to a process: ${why}`,
    suggestion: 'read an event, or a view of events without GROUP BY, or one with emit: "final"',
  }),
  key: (column: string, why: string): Finding => ({
    code: "process-key",
    message: `${column} cannot be a process's key: ${why}`,
    suggestion: "name another column whose values tell the rows apart",
  }),
  row: (column: string, why: string, suggestion: string): Finding => ({
    code: "process-row",
    message: `row: ${column} ${why}`,
    suggestion,
  }),
}
