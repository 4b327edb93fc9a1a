/** `millrace backup`: asks a running platform for a consistent copy of everything. */
import { resolve } from "node:path"
import { byteCount } from "./byte-count.ts"
import { type Command, FINE, type Given } from "./command.ts"
import { answerUnreadable, wrongUsage } from "./errors.ts"
import { refused, SERVER_OPTIONS, Server } from "./server.ts"
import type { Terminal } from "./terminal.ts"

export const backup: Command = {
  name: "backup",
  summary: "Copy everything that a running platform has, as of now, into the folder TO.",
  positionals: ["TO"],
  options: {
    ...SERVER_OPTIONS,
    keep: { value: "N", about: "Afterwards remove older backups in TO but the newest N." },
  },
  notes: [
    "TO is empty, not there yet, or has earlier backups of the same platform: what did not change since is",
    "shared with them. The platform goes on meanwhile. The copy is of one instant, and every byte of it is",
    "checked when it is restored.",
  ],
  examples: ["millrace backup /mnt/backups", "millrace backup /mnt/backups --keep 14 --json"],
  run,
}

async function run(given: Given, terminal: Terminal): Promise<number> {
  const [to] = given.positionals
  if (to === undefined) throw wrongUsage("millrace backup needs the folder for it")
  const keep = given.number("keep", { from: 1, to: 10_000, whole: true })
  const server = Server.given(given, terminal)
  const request = { to: resolve(to), ...(keep === null ? {} : { keep }) }
  const answer = await server.post("/v1/backups", Buffer.from(JSON.stringify(request)), "application/json")
  if (answer.status >= 400) throw refused(answer)
  const { body } = answer
  if (given.flag("json")) {
    terminal.print(JSON.stringify(body))
    return FINE
  }
  const { id, files, bytes, new_bytes: newBytes, duration_ms: durationMs, removed } = body
  if (typeof bytes !== "number" || typeof newBytes !== "number" || typeof durationMs !== "number") {
    throw answerUnreadable(server.url, "the answer has no sizes")
  }
  const sizes = `${files} files, ${byteCount(bytes)}, of them ${byteCount(newBytes)} new`
  terminal.print(`${terminal.paint("bold", String(id))}  ${sizes}, ${(durationMs / 1_000).toFixed(1)} s`)
  for (const old of Array.isArray(removed) ? removed : []) terminal.print(`removed ${old}`)
  return FINE
}
