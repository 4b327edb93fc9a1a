/**
 * millrace.lock.json beside a project: read, compared, written. The rule of use: a change that can read every
 * row that the lock promises is taken into the lock by `millrace check --write-lock`; any other is a problem,
 * and the lock stays as it is.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { compatibility } from "../contracts/compatibility.ts"
import type { EventContract } from "../contracts/contract.ts"
import type { Lock, LockChange } from "../contracts/lock.ts"
import { EMPTY_LOCK, nextLock, readLock, writeLock } from "../contracts/lock.ts"
import type { Problem } from "../plan/plan.ts"

export const LOCK_FILE = "millrace.lock.json"

export interface LockComparison {
  /** missing: there is no file. behind: the project has compatible changes. */
  readonly state: "missing" | "same" | "behind" | "incompatible"
  /** What a written lock would hold. */
  readonly next: Lock
  readonly changes: readonly LockChange[]
  /** Changes that cannot read what is in the log, without their places. */
  readonly problems: readonly Problem[]
}

/** @throws PlatformError invalid-lock */
export function compareLock(
  directory: string,
  events: readonly EventContract[],
  views: readonly { readonly name: string; readonly fingerprint: string }[],
): LockComparison {
  const path = join(directory, LOCK_FILE)
  const there = existsSync(path)
  const lock = there ? readLock(readFileSync(path, "utf8")) : EMPTY_LOCK
  const { lock: next, changes } = nextLock(lock, events, views)
  const problems = events.flatMap((contract) => {
    const previous = Object.hasOwn(lock.events, contract.name) ? lock.events[contract.name] : undefined
    return previous === undefined ? [] : compatibility(previous, contract)
  })
  const state = !there
    ? "missing"
    : problems.length > 0
      ? "incompatible"
      : changes.length > 0
        ? "behind"
        : "same"
  return { state, next, changes, problems: problems.map(asProblem) }
}

function asProblem(found: ReturnType<typeof compatibility>[number]): Problem {
  const { event, code, message, suggestion } = found
  return {
    code,
    message: `${LOCK_FILE}: ${message}`,
    suggestion,
    where: event,
    file: null,
    line: null,
    column: null,
  }
}

/** Atomic: a reader finds the old lock or the new one. */
export function writeProjectLock(directory: string, lock: Lock): void {
  const path = join(directory, LOCK_FILE)
  writeFileSync(`${path}.new`, writeLock(lock))
  renameSync(`${path}.new`, path)
}
