/** `millrace start`: runs a project until it is stopped. */
import { saveCompileCache } from "../std/node/compile-cache.ts"
import { type Command, FINE, type Given } from "./command.ts"
import type { Terminal } from "./terminal.ts"

export const start: Command = {
  name: "start",
  summary: "Start the platform with the project in DIR (default: this folder), until Ctrl-C.",
  positionals: ["[DIR]"],
  options: {
    port: {
      value: "N",
      about: "Port on 127.0.0.1 (default 4600, or the next free one; 0 takes any).",
      short: "p",
    },
    data: { value: "DIR", about: "Folder of all data (default .millrace in the project)." },
  },
  notes: [
    "With --json it prints one line when it takes events: {url, project, data, pid}.",
    "Everything acknowledged is on disk: kill it in any way, start it again, nothing is lost.",
  ],
  examples: [
    "millrace start",
    "millrace start examples/signups --port 4700",
    "millrace start --data /var/lib/millrace",
  ],
  run,
}

async function run(given: Given, terminal: Terminal): Promise<number> {
  // Loaded here, because the other commands answer sooner without the whole platform.
  const { startPlatform } = await import("../platform/start-platform.ts")
  const port = given.number("port", { from: 0, to: 65_535, whole: true })
  const data = given.text("data")
  const json = given.flag("json")
  const platform = await startPlatform({
    projectDirectory: given.positionals[0] ?? ".",
    ...(data === null ? {} : { dataDirectory: data }),
    ...(port === null ? { portFallback: true } : { port }),
    report: (message) => terminal.note(terminal.paint("dim", message, "error")),
  })
  saveCompileCache()
  const { url, project, data: folder } = platform
  if (json) terminal.print(JSON.stringify({ url, project, data: folder, pid: process.pid }))
  else
    terminal.print(
      `${terminal.paint("bold", platform.project)} takes events at ${terminal.paint("cyan", platform.url)}`,
    )
  await new Promise<void>((resolve) => {
    if (terminal.stopped.aborted) resolve()
    terminal.stopped.addEventListener("abort", () => resolve(), { once: true })
  })
  if (!json) terminal.note("stopping …")
  await platform.close()
  return FINE
}
