/**
 * `millrace send`: rows from a file or a pipe to the platform, in order, in batches, as fast as asked or
 * taken. A batch that the platform is too busy for is sent again, unchanged, after the time that it asks for.
 */
import { type Command, FINE, type Given, PROBLEM } from "./command.ts"
import { inputUnreadable, wrongUsage } from "./errors.ts"
import { eventTimePace, type Pace, parseRate, parseSpeed, ratePace, UNPACED } from "./pace.ts"
import { pause } from "./pause.ts"
import { batches, type RowBatch } from "./row-batches.ts"
import { type RowFormat, readRows } from "./row-source.ts"
import { SentCounts } from "./sent-counts.ts"
import { readEvent } from "./sent-field.ts"
import { type Answer, refused, SERVER_OPTIONS, Server } from "./server.ts"
import type { Terminal } from "./terminal.ts"

/** Rows of a post: large enough to share one sync, small enough to be refused and repeated cheaply. */
const DEFAULT_BATCH = 1_000
const MAX_BATCH = 100_000
/** When the platform says that it is busy but not for how long. */
const DEFAULT_RETRY_MS = 500
const BUSY = new Set([429, 503])
const FORMATS: readonly RowFormat[] = ["ndjson", "csv"]

export const send: Command = {
  name: "send",
  summary: "Send rows of FILE (or of standard input) as EVENT.",
  positionals: ["EVENT", "[FILE|-]"],
  options: {
    ...SERVER_OPTIONS,
    format: { value: "ndjson|csv", about: "What FILE holds (default: csv for .csv, else ndjson)." },
    rate: { value: "N/s", about: "Send so many rows a second." },
    "at-event-times": { value: null, about: "Send at the distances of the rows' own times." },
    speed: { value: "N", about: "With --at-event-times: N times as fast (default 1)." },
    batch: { value: "N", about: `Rows of one post, at most (default ${DEFAULT_BATCH}).` },
  },
  notes: [
    "CSV has a header row with the fields' names; cells become what the event's contract says.",
    "Exit code 1 when rows were rejected or kept as dead letters; the first ten are named with their reason.",
  ],
  examples: [
    "millrace send user_signup signups.ndjson",
    "millrace send flight flights.csv --at-event-times --speed 3600",
    "some-program | millrace send user_signup --rate 200/s",
  ],
  run,
}

async function run(given: Given, terminal: Terminal): Promise<number> {
  const [event, file = "-"] = given.positionals
  if (event === undefined) throw wrongUsage("millrace send needs the name of an event")
  if (file === "-" && terminal.stdinIsTerminal) {
    throw inputUnreadable("standard input", "it is the keyboard; give a FILE or pipe rows in")
  }
  const server = Server.given(given, terminal)
  const paceBy = paceOf(given)
  const format = formatOf(given, file)
  const maxRows = given.number("batch", { from: 1, to: MAX_BATCH, whole: true }) ?? DEFAULT_BATCH
  const { fields, time } = await readEvent(server, event)
  const pace = paceBy(time)
  const rows = readRows({ file: file === "-" ? null : file, format, fields }, terminal)
  const counts = new SentCounts(event)
  try {
    for await (const batch of batches(rows, { pace, maxRows, stopped: terminal.stopped })) {
      const answer = await post(server, event, batch, terminal)
      if (answer === null) break
      counts.add(batch, answer, terminal)
      terminal.progress(counts.progressLine())
    }
  } catch (error) {
    // What was acknowledged before stays acknowledged; whoever goes on from here has to know how far it came.
    if (counts.received > 0) terminal.note(`${counts.summary(terminal)}; then:`)
    throw error
  }
  const stopped = terminal.stopped.aborted
  terminal.progress(null)
  if (given.flag("json")) terminal.print(JSON.stringify(counts.asJson({ stopped })))
  else terminal.print(`${counts.summary(terminal)}${stopped ? " (stopped before the end)" : ""}`)
  return counts.rejected + counts.deadLettered > 0 || stopped ? PROBLEM : FINE
}

/** Null when the command was stopped while the platform was busy. */
async function post(
  server: Server,
  event: string,
  batch: RowBatch,
  terminal: Terminal,
): Promise<Answer | null> {
  for (;;) {
    const answer = await server.post(`/v1/events/${event}`, batch.body, "application/x-ndjson")
    const { status, body, retryAfterMs } = answer
    if (status === 200 || (status === 422 && typeof body["received"] === "number")) return answer
    if (!BUSY.has(status)) throw refused(answer)
    terminal.progress(`the platform is busy (HTTP ${status}); trying again …`)
    await pause(retryAfterMs ?? DEFAULT_RETRY_MS, terminal.stopped)
    if (terminal.stopped.aborted) return null
  }
}

/** By the name of the time field, which only the server knows. */
function paceOf(given: Given): (time: string) => Pace {
  const rate = given.text("rate")
  const speed = given.text("speed")
  const atEventTimes = given.flag("at-event-times")
  if (rate !== null && atEventTimes) throw wrongUsage("give --rate or --at-event-times, not both")
  if (speed !== null && !atEventTimes) throw wrongUsage("--speed belongs to --at-event-times")
  if (rate !== null) {
    const pace = ratePace(parseRate(rate))
    return () => pace
  }
  if (!atEventTimes) return () => UNPACED
  const times = speed === null ? 1 : parseSpeed(speed)
  return (time) => eventTimePace(time, times)
}

function formatOf(given: Given, file: string): RowFormat {
  const text = given.text("format")
  if (text === null) return file.toLowerCase().endsWith(".csv") ? "csv" : "ndjson"
  const format = FORMATS.find((known) => known === text)
  if (format !== undefined) return format
  throw wrongUsage(`--format takes ${FORMATS.join(" or ")}, not "${text}"`)
}
