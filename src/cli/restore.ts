/** `millrace restore`: a data directory from a backup, for a platform that is then started with it. */
import { resolve } from "node:path"
import { byteCount } from "./byte-count.ts"
import { type Command, FINE, type Given } from "./command.ts"
import { wrongUsage } from "./errors.ts"
import type { Terminal } from "./terminal.ts"

export const restore: Command = {
  name: "restore",
  summary: "Make a data directory from the newest backup (or the one that --id names) in the folder FROM.",
  positionals: ["FROM"],
  options: {
    data: { value: "DIR", about: "The data directory to make: empty, or not there (default .millrace)." },
    id: { value: "ID", about: "Which backup; --list shows them." },
    list: { value: null, about: "Show the backups in FROM and restore nothing." },
  },
  notes: [
    "Every byte is checked against the backup before the directory gets its name. Start with it: millrace",
    "start --data DIR. Two platforms that were restored from one backup have the same history up to it and",
    "must not both go on as the same platform.",
  ],
  examples: [
    "millrace restore /mnt/backups --list",
    "millrace restore /mnt/backups --data /var/lib/millrace",
    "millrace restore /mnt/backups --id 20261127T194935Z --data /tmp/then",
  ],
  run,
}

async function run(given: Given, terminal: Terminal): Promise<number> {
  const [folder] = given.positionals
  if (folder === undefined) throw wrongUsage("millrace restore needs the folder of backups")
  const from = resolve(folder)
  if (given.flag("list")) return list(from, given, terminal)
  const { restoreFrom } = await import("../platform/backup/restore.ts")
  const { backup, bytes, data } = restoreFrom({
    from,
    id: given.text("id"),
    data: resolve(given.text("data") ?? ".millrace"),
  })
  const { id, project, files } = backup
  if (given.flag("json")) terminal.print(JSON.stringify({ id, project, data, files: files.length, bytes }))
  else {
    terminal.print(`${terminal.paint("bold", id)} of ${project} is in ${data} (${byteCount(bytes)})`)
    terminal.note(`Start with it: millrace start --data ${data}`)
  }
  return FINE
}

async function list(from: string, given: Given, terminal: Terminal): Promise<number> {
  const { listBackups } = await import("../platform/backup/restore.ts")
  const backups = listBackups(from)
  if (given.flag("json")) {
    terminal.print(JSON.stringify({ backups }))
    return FINE
  }
  for (const { id, project, version, files, bytes } of backups) {
    terminal.print(
      `${terminal.paint("bold", id)}  ${project} ${version}, ${files} files, ${byteCount(bytes)}`,
    )
  }
  return FINE
}
