/** What a figure was measured on: without it a figure says nothing. */
import { execFileSync } from "node:child_process"
import { availableParallelism, cpus, release, totalmem, type } from "node:os"

/** One line: processor, cores, memory, system, Node, commit. */
export function machineText(): string {
  const model = cpus()[0]?.model.trim() || "unknown processor"
  const memoryGb = Math.round(totalmem() / 1024 ** 3)
  return [
    `${model}, ${availableParallelism()} cores, ${memoryGb} GB`,
    `${type()} ${release()}`,
    `Node ${process.versions.node}`,
    `commit ${commit()}`,
  ].join("; ")
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8", stdio: "pipe" }).trim()
  } catch {
    // A copy without git: the figures are then of an unnamed state.
    return "unknown"
  }
}
