/** A small text file that a command was given. */
import { readFileSync } from "node:fs"
import { inputUnreadable } from "./errors.ts"

/** @throws input-unreadable */
export function readTextFile(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    throw inputUnreadable(path, error instanceof Error ? error.message : String(error), error)
  }
}
