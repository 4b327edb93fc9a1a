/** `millrace export`: an event's whole history out of the lake into one file. */
import { resolve } from "node:path"
import { byteCount } from "./byte-count.ts"
import { type Command, FINE, type Given } from "./command.ts"
import { wrongUsage } from "./errors.ts"
import { nearest } from "./nearest.ts"
import type { Terminal } from "./terminal.ts"

const FORMATS = ["parquet", "orc", "avro", "csv", "ndjson"] as const

export const exportEvents: Command = {
  name: "export",
  summary: "Write what the lake has of EVENT into one file.",
  positionals: ["EVENT"],
  options: {
    to: { value: "FILE", about: "The file to make; it must not exist." },
    format: { value: "FORMAT", about: `${FORMATS.join(", ")} (default parquet).` },
    from: {
      value: "TIME",
      about: "Only events that the log took at or after it: 2026-11-27, or an instant.",
    },
    until: { value: "TIME", about: "Only events that the log took before it." },
    data: { value: "DIR", about: "The data directory (default .millrace)." },
  },
  notes: [
    "It reads the data directory, whether the platform runs or not; what is not in the lake yet (about a",
    'minute) is left out. Views are written by: millrace query "SELECT * FROM views.NAME" --format parquet.',
  ],
  examples: [
    "millrace export flight --to flights.parquet",
    "millrace export flight --format orc --to november.orc --from 2026-11-01 --until 2026-12-01",
  ],
  run,
}

async function run(given: Given, terminal: Terminal): Promise<number> {
  const [event] = given.positionals
  const to = given.text("to")
  if (event === undefined || to === null) throw wrongUsage("millrace export needs an event and --to FILE")
  const format = FORMATS.find((name) => name === (given.text("format") ?? "parquet"))
  if (format === undefined) {
    const wrong = given.text("format") ?? ""
    throw wrongUsage(
      `there is no format ${wrong}; did you mean ${nearest(wrong, FORMATS) ?? FORMATS.join(", ")}?`,
    )
  }
  const { exportLake } = await import("../platform/export-lake.ts")
  const { rows, bytes } = await exportLake({
    event,
    format,
    to: resolve(to),
    fromMs: instantOf(given, "from"),
    untilMs: instantOf(given, "until"),
    dataDirectory: resolve(given.text("data") ?? ".millrace"),
  })
  if (given.flag("json")) terminal.print(JSON.stringify({ event, to: resolve(to), rows, bytes }))
  else terminal.print(`${rows} events of ${event} are in ${to} (${byteCount(bytes)})`)
  return FINE
}

/** ISO 8601; a day or a time without a zone is UTC. */
const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/

function instantOf(given: Given, name: string): number | null {
  const text = given.text(name)
  if (text === null) return null
  const hasZone = /(Z|[+-]\d\d:\d\d)$/.test(text)
  const ms = INSTANT.test(text) ? Date.parse(text.includes("T") && !hasZone ? `${text}Z` : text) : Number.NaN
  if (Number.isNaN(ms))
    throw wrongUsage(`--${name} ${text} is no time; write 2026-11-27 or 2026-11-27T12:00:00Z`)
  return ms
}
