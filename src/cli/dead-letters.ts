/**
 * `millrace dead-letters`: rows that did not fit and were kept. Lists them, shows one, sends them again as
 * they are or corrected, and puts them aside.
 */
import { type Command, FINE, type Given, PROBLEM } from "./command.ts"
import { editText } from "./edit-text.ts"
import { answerUnreadable, inputUnreadable, wrongUsage } from "./errors.ts"
import { nearest } from "./nearest.ts"
import { pause } from "./pause.ts"
import { readTextFile } from "./read-text-file.ts"
import { refused, SERVER_OPTIONS, Server } from "./server.ts"
import type { Terminal } from "./terminal.ts"
import { textTable } from "./text-table.ts"

const ACTIONS = ["list", "show", "edit", "replay", "discard"] as const
type Action = (typeof ACTIONS)[number]
/** Between two looks at a replay that goes on. */
const POLL_MS = 100
const STATES = ["open", "replayed", "discarded"]

export const deadLetters: Command = {
  name: "dead-letters",
  summary: "List, show, edit, replay or discard rows that did not fit and were kept.",
  positionals: ["list|show|edit|replay|discard", "[ID]"],
  options: {
    ...SERVER_OPTIONS,
    event: { value: "EVENT", about: "list: only those of EVENT. replay --all: those of EVENT." },
    state: { value: STATES.join("|"), about: "list: only those in this state (default open)." },
    limit: { value: "N", about: "list: so many, newest first (default 20, at most 1000)." },
    all: { value: null, about: "replay: every open letter of --event, as it was sent." },
    value: { value: "JSON", about: "edit: the corrected row." },
    file: { value: "FILE", about: "edit: a file with the corrected row." },
  },
  notes: [
    "edit opens $EDITOR (or $VISUAL) unless --value or --file is given, and sends what was saved.",
    "Exit code 1 when a row was not taken; its letter is open again, with the new reason.",
  ],
  examples: [
    "millrace dead-letters list --event order",
    "millrace dead-letters show 12",
    `millrace dead-letters edit 12 --value '{"id": "a", "amount": 3}'`,
    "millrace dead-letters replay --all --event order",
    "millrace dead-letters discard 13",
  ],
  run,
}

async function run(given: Given, terminal: Terminal): Promise<number> {
  const [name = "list", id] = given.positionals
  const action = actionOf(name)
  checkOptions(action, given)
  const server = Server.given(given, terminal)
  if (action === "list") {
    if (id !== undefined) throw wrongUsage(`list takes no ID; see one with: millrace dead-letters show ${id}`)
    return list(server, given, terminal)
  }
  if (action === "replay" && given.flag("all")) return replayAll(server, id, given, terminal)
  if (id === undefined) throw wrongUsage(`millrace dead-letters ${action} needs the ID of a dead letter`)
  switch (action) {
    case "show":
      return show(server, id, given, terminal)
    case "discard":
      return discard(server, id, given, terminal)
    case "replay":
      return replay(server, { dead_letters: [{ id }] }, given, terminal)
    case "edit":
      return edit(server, id, given, terminal)
  }
}

function actionOf(name: string): Action {
  const action = ACTIONS.find((known) => known === name)
  if (action !== undefined) return action
  const near = nearest(name, ACTIONS)
  const hint = near === null ? `it takes ${ACTIONS.join(", ")}` : `did you mean ${near}?`
  throw wrongUsage(`millrace dead-letters cannot ${name}; ${hint}`)
}

const OPTIONS_OF: Readonly<Record<Action, readonly string[]>> = {
  list: ["event", "state", "limit"],
  show: [],
  edit: ["value", "file"],
  replay: ["all", "event"],
  discard: [],
}

/** An option that another action has would silently do nothing. */
function checkOptions(action: Action, given: Given): void {
  for (const option of ["event", "state", "limit", "all", "value", "file"]) {
    const isGiven = given.flag(option) || given.text(option) !== null
    if (!isGiven || OPTIONS_OF[action].includes(option)) continue
    throw wrongUsage(`--${option} does not belong to millrace dead-letters ${action}`)
  }
  if (action === "replay" && given.text("event") !== null && !given.flag("all")) {
    throw wrongUsage("--event belongs to replay --all")
  }
}

async function list(server: Server, given: Given, terminal: Terminal): Promise<number> {
  const state = given.text("state") ?? "open"
  if (!STATES.includes(state)) throw wrongUsage(`--state takes ${STATES.join(", ")}, not "${state}"`)
  const limit = given.number("limit", { from: 1, to: 1_000, whole: true }) ?? 20
  const event = given.text("event")
  const query = new URLSearchParams({ state, limit: String(limit), ...(event === null ? {} : { event }) })
  const body = await server.get(`/v1/dead-letters?${query}`)
  if (given.flag("json")) {
    terminal.print(JSON.stringify(body))
    return FINE
  }
  const letters = body["dead_letters"]
  const counts = body["counts"] as Readonly<Record<string, number>> | undefined
  if (!Array.isArray(letters) || counts === undefined) {
    throw answerUnreadable(server.url, "its answer has no list of dead letters")
  }
  const rows = (letters as Item[]).map((letter) =>
    ["id", "event", "at", "field", "code", "message"].map((key) => textOrNull(letter[key])),
  )
  if (rows.length === 0) terminal.print(`no ${state} dead letters`)
  else
    for (const line of textTable(["id", "event", "at", "field", "code", "message"], rows))
      terminal.print(line)
  terminal.note(`${counts["open"]} open, ${counts["replayed"]} replayed, ${counts["discarded"]} discarded`)
  return FINE
}

type Item = Readonly<Record<string, unknown>>

async function show(server: Server, id: string, given: Given, terminal: Terminal): Promise<number> {
  const letter = await server.get(`/v1/dead-letters/${encodeURIComponent(id)}`)
  if (given.flag("json")) terminal.print(JSON.stringify(letter))
  else printLetter(letter, terminal)
  return FINE
}

function printLetter(letter: Item, terminal: Terminal): void {
  const field = letter["field"] === null ? "" : `${letter["field"]}: `
  terminal.print(`dead letter ${letter["id"]} of ${letter["event"]}, ${letter["state"]}`)
  terminal.print(`  ${field}${letter["message"]} (${letter["code"]})`)
  terminal.print(`  row ${letter["index"]} of a request by ${letter["source"]} at ${letter["at"]}`)
  const mark = letter["replay"] as Item | null
  if (mark !== null) terminal.print(`  ${markText(mark)}`)
  terminal.print(String(letter["text"]))
}

function markText(mark: Item): string {
  const by = mark["id"] === null ? "" : ` by replay ${mark["id"]}`
  const why = mark["message"] === null ? "" : `: ${mark["message"]} (${mark["code"]})`
  return `${mark["state"]}${by} at ${mark["at"]}${why}`
}

async function discard(server: Server, id: string, given: Given, terminal: Terminal): Promise<number> {
  const path = `/v1/dead-letters/${encodeURIComponent(id)}/discard`
  const answer = await server.post(path, Buffer.from("{}"), "application/json")
  if (answer.status >= 400) throw refused(answer)
  if (given.flag("json")) terminal.print(JSON.stringify(answer.body))
  else terminal.print(`dead letter ${id} is discarded`)
  return FINE
}

async function edit(server: Server, id: string, given: Given, terminal: Terminal): Promise<number> {
  if (given.text("value") !== null && given.text("file") !== null) {
    throw wrongUsage("give --value or --file, not both")
  }
  const text = await correctedText(server, id, given, terminal)
  const value = text.trim()
  try {
    JSON.parse(value)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw inputUnreadable("the corrected row", `it is not JSON: ${reason}`)
  }
  // As text, so that numbers keep their digits.
  const body = `{"dead_letters":[{"id":${JSON.stringify(id)},"value":${value}}]}`
  return replay(server, body, given, terminal)
}

async function correctedText(server: Server, id: string, given: Given, terminal: Terminal): Promise<string> {
  const value = given.text("value")
  if (value !== null) return value
  const file = given.text("file")
  if (file !== null) return readTextFile(file)
  const letter = await server.get(`/v1/dead-letters/${encodeURIComponent(id)}`)
  const before = String(letter["text"])
  const after = await editText(before, terminal.environment)
  if (after.trim() === before.trim()) throw wrongUsage("nothing was changed; to send it as it is: replay")
  return after
}

async function replayAll(
  server: Server,
  id: string | undefined,
  given: Given,
  terminal: Terminal,
): Promise<number> {
  const event = given.text("event")
  if (id !== undefined) throw wrongUsage("give an ID or --all, not both")
  if (event === null) throw wrongUsage("replay --all needs --event EVENT: whose letters to send")
  return replay(server, { event, all: true }, given, terminal)
}

/** Sends and waits until it is known what became of the rows. */
async function replay(
  server: Server,
  request: string | object,
  given: Given,
  terminal: Terminal,
): Promise<number> {
  const text = typeof request === "string" ? request : JSON.stringify(request)
  const begun = await server.post("/v1/replays", Buffer.from(text), "application/json")
  if (begun.status >= 400) throw refused(begun)
  let state: Item = begun.body
  while (state["status"] === "running" && !terminal.stopped.aborted) {
    await pause(POLL_MS, terminal.stopped)
    state = await server.get(`/v1/replays/${begun.body["id"]}`)
    terminal.progress(`replay ${state["id"]}: ${state["accepted"]} of ${state["total"]} taken`)
  }
  terminal.progress(null)
  if (given.flag("json")) terminal.print(JSON.stringify(state))
  else printReplay(state, terminal)
  return state["status"] === "done" && state["accepted"] === state["total"] ? FINE : PROBLEM
}

function printReplay(state: Item, terminal: Terminal): void {
  const { id, status, accepted, duplicates, rejected } = state
  terminal.print(
    `replay ${id} is ${status}: ${accepted} taken, ${duplicates} duplicates, ${rejected} rejected`,
  )
  const rows = Array.isArray(state["rows"]) ? (state["rows"] as Item[]) : []
  for (const row of rows) {
    if (row["state"] === "open") terminal.note(`${row["of"]}: ${row["message"]} (${row["code"]})`)
  }
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value)
}
