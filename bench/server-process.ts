/** A platform in a process of its own, as `millrace start` runs it. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const CLI = fileURLToPath(new URL("../src/cli/bin.ts", import.meta.url))

export interface ServerProcess {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
  /** With SIGKILL. */
  kill(): Promise<void>
}

export async function startServer(project: string, data: string): Promise<ServerProcess> {
  const args = ["--disable-warning=ExperimentalWarning", CLI, "start", project, "--data", data, "--port", "0"]
  const child = spawn(process.execPath, [...args, "--json"], { stdio: ["ignore", "pipe", "inherit"] })
  const [line] = (await once(child.stdout, "data")) as [Buffer]
  const { url } = JSON.parse(line.toString()) as { url: string }
  const end = async (signal: NodeJS.Signals) => {
    const ended = once(child, "exit")
    child.kill(signal)
    await ended
  }
  return { url, pid: child.pid ?? 0, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") }
}
