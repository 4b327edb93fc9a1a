/** Checks that a text is JSON as PostgreSQL's json type takes it. */
import { raise } from "./failure-register.ts"

/** The text itself, unchanged. */
export function parseJsonText(text: string): string {
  try {
    JSON.parse(text)
    return text
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return raise("invalid-cast", "")
  }
}
