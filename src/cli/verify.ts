/** `millrace verify`: has ClickHouse compute a view again from the events, and compares. */
import { type Command, FINE, type Given, PROBLEM } from "./command.ts"
import { wrongUsage } from "./errors.ts"
import { refused, SERVER_OPTIONS, Server } from "./server.ts"
import type { Terminal } from "./terminal.ts"

export const verify: Command = {
  name: "verify",
  summary: "Compare VIEW with its query over all events as they were sent, computed by ClickHouse.",
  positionals: ["VIEW"],
  options: SERVER_OPTIONS,
  notes: [
    "Exits with 0 when the rows are equal or there are no events yet, else with 1. The platform goes on",
    "meanwhile: both sides are as of one epoch.",
  ],
  examples: ["millrace verify signups_per_plan", "millrace verify revenue --json"],
  run,
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
  const path = `/v1/views/${encodeURIComponent(view)}/verify`
  const answer = await server.post(path, Buffer.from("{}"), "application/json")
  if (answer.status >= 400) throw refused(answer)
  const { body } = answer
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
