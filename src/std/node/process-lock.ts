/**
 * Keeps two processes out of one folder: a file with the process id of the owner. One that a dead process
 * left is taken over. Removed on release; never waited for.
 */
import * as fs from "node:fs"
import { isPlatformError } from "../errors.ts"
import { NodeDisk } from "./disk.ts"

export interface ProcessLock {
  release(): void
}

/** Who holds a lock that was not given. */
export interface LockOwner {
  readonly pid: number
  /** It is this very process. */
  readonly isSelf: boolean
}

/** Attempts when other processes take over the same dead lock at the same time. */
const ATTEMPTS = 5

/** The lock, or who has it. */
export function acquireProcessLock(path: string): ProcessLock | LockOwner {
  new NodeDisk().makeDirectory(path.slice(0, path.lastIndexOf("/")))
  const content = `${process.pid} ${startOf(process.pid)}\n`
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (createExclusively(path, content)) return { release: () => fs.rmSync(path, { force: true }) }
    const found = readOwner(path)
    if (found === null) continue
    if (isAlive(found)) return ownerOf(found.pid)
    moveAside(path, found.text)
  }
  return ownerOf(readOwner(path)?.pid ?? 0)
}

function ownerOf(pid: number): LockOwner {
  return { pid, isSelf: pid === process.pid }
}

interface FoundOwner {
  readonly pid: number
  readonly start: string
  readonly text: string
}

function createExclusively(path: string, content: string): boolean {
  // Written under another name and linked, so that nobody reads a lock without its owner.
  const draft = `${path}.${process.pid}.${process.hrtime.bigint()}`
  fs.writeFileSync(draft, content)
  try {
    fs.linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false
    throw error
  } finally {
    fs.rmSync(draft, { force: true })
  }
}

function readOwner(path: string): FoundOwner | null {
  try {
    const text = fs.readFileSync(path, "utf8")
    const [pid = "", start = ""] = text.trim().split(" ")
    return { pid: Number(pid), start, text }
  } catch (error) {
    // Released between two looks.
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || isPlatformError(error, "file-missing"))
      return null
    throw error
  }
}

/** Alive, and not another process that got the same id later. */
function isAlive({ pid, start }: FoundOwner): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false
  }
  const now = startOf(pid)
  return now !== ENDED && (start === "" || now === "" || now === start)
}

/** In place of a start time: the process has ended, and only its parent has not looked yet. */
const ENDED = "ended"

/** When the process started, where the system tells (Linux), else empty. */
function startOf(pid: number): string {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, "utf8")
    // The name in parentheses may hold spaces; behind it come the state and, 19 fields on, the start time.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
    return fields[0] === "Z" || fields[0] === "X" ? ENDED : (fields[19] ?? "")
  } catch {
    // No /proc on this system, or the process just ended: the id alone decides.
    return ""
  }
}

/** Takes a dead lock away, unless another process has replaced it meanwhile: then that one is put back. */
function moveAside(path: string, deadText: string): void {
  const aside = `${path}.dead.${process.pid}`
  try {
    fs.renameSync(path, aside)
    if (fs.readFileSync(aside, "utf8") !== deadText) fs.linkSync(aside, path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    // Another process was faster in moving it, or in making its own.
    if (code !== "ENOENT" && code !== "EEXIST") throw error
  } finally {
    fs.rmSync(aside, { force: true })
  }
}
