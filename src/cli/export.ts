/** `millrace export`: an event's whole history out of the lake, or a view's rows, into one file. */
import { resolve } from "node:path"
import { byteCount } from "./byte-count.ts"
import { type Command, FINE, type Given, NOT_RUN } from "./command.ts"
import { wrongUsage } from "./errors.ts"
import { nearest } from "./nearest.ts"
import { refused, SERVER_OPTIONS, Server } from "./server.ts"
import type { Terminal } from "./terminal.ts"

const FORMATS = ["parquet", "orc", "avro", "csv", "ndjson"] as const
type Format = (typeof FORMATS)[number]

/** What a platform gives a query at most. */
const VIEW_TIMEOUT_MS = 600_000

export const exportCommand: Command = {
  name: "export",
  summary: "Write what the lake has of an event, or the rows of a view, into one file.",
  positionals: ["NAME"],
  options: {
    to: { value: "FILE", about: "The file to make; it must not exist." },
    format: { value: "FORMAT", about: `${FORMATS.join(", ")} (default parquet).` },
    from: {
      value: "TIME",
      about: "Only events that the log took at or after it: 2026-11-27, or an instant.",
    },
    until: { value: "TIME", about: "Only events that the log took before it." },
    data: { value: "DIR", about: "The data directory with the lake (default .millrace)." },
    ...SERVER_OPTIONS,
  },
  notes: [
    "An event is read from the data directory, whether the platform runs or not; what is not in the lake yet",
    "(about a minute) is left out. A view is asked of the running platform.",
    "A NAME that the lake has is an event, others are views; lake.NAME and views.NAME leave no doubt.",
  ],
  examples: [
    "millrace export flight --to flights.parquet",
    "millrace export flight --format orc --to november.orc --from 2026-11-01 --until 2026-12-01",
    "millrace export views.delays_per_day --format avro --to delays.avro",
  ],
  run,
}

/** What is written, and where to. */
interface Target {
  readonly name: string
  readonly format: Format
  /** Absolute. */
  readonly to: string
}

async function run(given: Given, terminal: Terminal): Promise<number> {
  const [written] = given.positionals
  const to = given.text("to")
  if (written === undefined || to === null) {
    throw wrongUsage("millrace export needs the name of an event or view, and --to FILE")
  }
  const [, kind, name] = /^(?:(lake|views)\.)?([A-Za-z_][\w-]*)$/.exec(written) ?? []
  if (name === undefined) {
    throw wrongUsage(`"${written}" is no name of an event or view; write NAME, lake.NAME or views.NAME`)
  }
  const target = { name, format: formatOf(given), to: resolve(to) }
  const { isArchived } = await import("../platform/export-lake.ts")
  const isEvent = kind === undefined ? isArchived(dataDirectory(given), name) : kind === "lake"
  if (isEvent) return exportEvent(target, given, terminal)
  if (kind === undefined && !given.flag("json")) {
    terminal.note(`the lake in ${dataDirectory(given)} has no event ${name}; asking for a view`)
  }
  return exportView(target, given, terminal)
}

async function exportEvent({ name, format, to }: Target, given: Given, terminal: Terminal): Promise<number> {
  const { exportLake } = await import("../platform/export-lake.ts")
  const { rows, bytes } = await exportLake({
    ...{ event: name, format, to },
    fromMs: instantOf(given, "from"),
    untilMs: instantOf(given, "until"),
    dataDirectory: dataDirectory(given),
  })
  if (given.flag("json")) terminal.print(JSON.stringify({ event: name, to, rows, bytes }))
  else terminal.print(`${rows} events of ${name} are in ${given.text("to")} (${byteCount(bytes)})`)
  return FINE
}

async function exportView(target: Target, given: Given, terminal: Terminal): Promise<number> {
  const { name, to } = target
  const range = ["from", "until"].find((option) => given.text(option) !== null)
  if (range !== undefined) {
    throw wrongUsage(`--${range} is for events, and the lake in ${dataDirectory(given)} has no event ${name}`)
  }
  const { refuseExisting, writeExport } = await import("../platform/export-file.ts")
  refuseExisting(to)
  try {
    const bytes = await writeExport(to, await viewRows(target, given, terminal))
    if (given.flag("json")) terminal.print(JSON.stringify({ view: name, to, bytes }))
    else terminal.print(`The rows of ${name} are in ${given.text("to")} (${byteCount(bytes)})`)
    return FINE
  } catch (error) {
    if (!terminal.stopped.aborted) throw error
    terminal.note("the export was stopped; no file was written")
    return NOT_RUN
  }
}

/** @throws server-unreachable, server-refused */
async function viewRows({ name, format }: Target, given: Given, terminal: Terminal) {
  const body = JSON.stringify({ sql: `SELECT * FROM views.\`${name}\``, format, timeout_ms: VIEW_TIMEOUT_MS })
  const request = { accept: "*/*", signal: terminal.stopped }
  const answer = await Server.given(given, terminal).postForBytes("/v1/query", body, request)
  if ("status" in answer) throw refused(answer)
  return answer
}

function dataDirectory(given: Given): string {
  return resolve(given.text("data") ?? ".millrace")
}

function formatOf(given: Given): Format {
  const text = given.text("format") ?? "parquet"
  const format = FORMATS.find((name) => name === text)
  if (format !== undefined) return format
  const near = nearest(text, FORMATS)
  const hint = near === null ? `there are ${FORMATS.join(", ")}` : `did you mean ${near}?`
  throw wrongUsage(`there is no format ${text}; ${hint}`)
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
