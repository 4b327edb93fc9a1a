/** `millrace verify`: has ClickHouse compute a view again from the events, and compares. */
import { type Command, FINE, type Given, PROBLEM } from "./command.ts"
import { wrongUsage } from "./errors.ts"
import { pause } from "./pause.ts"
import { type Answer, refused, SERVER_OPTIONS, Server } from "./server.ts"
import type { Terminal } from "./terminal.ts"

export const verify: Command = {
  name: "verify",
  summary: "Compare VIEW with its query over all events as they were sent, computed by ClickHouse.",
  positionals: ["VIEW"],
  options: SERVER_OPTIONS,
  notes: [
    "Exits with 0 when the rows are equal or there are no events yet, else with 1. The platform goes on",
    "meanwhile: both sides are as of one epoch. A check of a long history is followed until it is over;",
    "Ctrl-C stops following it, not the check.",
  ],
  examples: ["millrace verify signups_per_plan", "millrace verify revenue --json"],
  run,
}

type Body = Answer["body"]

const ACCEPTED = 202
/** How often a check that takes long is asked for. */
const POLL_MS = 500

/** Null: nobody waits for the check any more. */
async function verification(server: Server, view: string, terminal: Terminal): Promise<Body | null> {
  const path = `/v1/views/${encodeURIComponent(view)}/verify`
  const answer = await server.post(path, Buffer.from("{}"), "application/json")
  if (answer.status >= 400) throw refused(answer)
  if (answer.status !== ACCEPTED) return answer.body
  const place = `/v1/verifications/${answer.body["id"]}`
  for (let run = answer.body; !terminal.stopped.aborted; run = await server.get(place)) {
    const { state, error } = run
    if (state === "done") return run["verification"] as Body
    if (state === "failed") throw refused(answerOf(error as Body))
    if (state === "stopped") break
    terminal.progress(progressText(view, run))
    await pause(POLL_MS, terminal.stopped)
  }
  terminal.progress(null)
  terminal.note(`The check goes on while the platform runs: ${server.url}${place}`)
  return null
}

const answerOf = (error: Body): Answer => ({
  status: Number(error["status"]),
  body: error,
  retryAfterMs: null,
})

function progressText(view: string, { state, progress, events_read: read }: Body): string {
  if (state === "waiting") return `${view}  waits for another check`
  return `${view}  ${read} events read, ${Math.floor(Number(progress) * 100)} %`
}

interface Example {
  readonly kind: string
  readonly live: unknown
  readonly history: unknown
}

async function run(given: Given, terminal: Terminal): Promise<number> {
  const [view] = given.positionals
  if (view === undefined) throw wrongUsage("millrace verify needs the name of a view")
  const server = Server.given(given, terminal)
  const body = await verification(server, view, terminal)
  if (body === null) return PROBLEM
  const fine = body["verdict"] === "equal" || body["verdict"] === "empty"
  if (given.flag("json")) {
    terminal.print(JSON.stringify(body))
    return fine ? FINE : PROBLEM
  }
  const size = `${body["rows_compared"]} rows, ${body["events_read"]} events, epoch ${body["epoch"]}`
  terminal.print(`${terminal.paint("bold", view)}  ${body["verdict"]}  ${size}, ${body["duration_ms"]} ms`)
  if (body["reason"] !== null) terminal.print(String(body["reason"]))
  for (const { kind, live, history } of body["examples"] as Example[]) {
    terminal.print(`${kind}  live ${JSON.stringify(live)}  history ${JSON.stringify(history)}`)
  }
  return fine ? FINE : PROBLEM
}
