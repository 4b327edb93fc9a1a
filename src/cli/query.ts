/** `millrace query`: asks the store of a running platform, and prints a table or passes a format on. */
import { readFileSync } from "node:fs"
import { type Command, FINE, type Given, NOT_RUN } from "./command.ts"
import { answerBrokeOff, inputUnreadable, wrongUsage } from "./errors.ts"
import { nearest } from "./nearest.ts"
import { placeInSql, queryTable, type TableAnswer } from "./query-table.ts"
import { type Answer, refused, SERVER_OPTIONS, Server } from "./server.ts"
import type { Terminal } from "./terminal.ts"

const FORMATS = ["table", "json", "ndjson", "csv", "arrow", "parquet", "orc", "avro"] as const
type Format = (typeof FORMATS)[number]

/** Of the longest query that a platform runs. */
const MAX_TIMEOUT_SECONDS = 600

export const query: Command = {
  name: "query",
  summary: "Ask the store of a running platform in ClickHouse's SQL.",
  positionals: ["[SQL]"],
  options: {
    ...SERVER_OPTIONS,
    file: { value: "FILE", about: "Read the SQL from a file, - for standard input." },
    format: { value: "FORMAT", about: `${FORMATS.join(", ")} (default table).` },
    param: { value: "NAME=VALUE", about: "The value of {NAME:Type} in the SQL; may be given several times." },
    timeout: { value: "SECONDS", about: "How long the query may run (default 30)." },
  },
  notes: [
    "The tables are events.NAME, views.NAME and lake.NAME; a bare NAME is an event or a view.",
    "lake.NAME AT 'TIME' and lake.NAME AT SNAPSHOT ID read the archived events as they were.",
    'A list as the value of a parameter is written as JSON: --param \'plans=["free","pro"]\'.',
    "All formats but table go to standard output as they come: millrace query … --format parquet > FILE.",
  ],
  examples: [
    'millrace query "SELECT plan, count() FROM user_signup GROUP BY plan"',
    "millrace query 'SELECT * FROM views.signups_per_plan WHERE plan = {plan:String}' --param plan=free",
    "millrace query \"SELECT count() FROM lake.user_signup AT '2026-11-27T10:00:00Z'\"",
    "millrace query --file report.sql --format csv > report.csv",
  ],
  run,
}

async function run(given: Given, terminal: Terminal): Promise<number> {
  try {
    return await askAndPrint(given, terminal)
  } catch (error) {
    if (!terminal.stopped.aborted) throw error
    terminal.note("the query was stopped")
    return NOT_RUN
  }
}

async function askAndPrint(given: Given, terminal: Terminal): Promise<number> {
  const sql = await sqlOf(given, terminal)
  const format = formatOf(given)
  const timeout = given.number("timeout", { from: 0.001, to: MAX_TIMEOUT_SECONDS })
  const body = JSON.stringify({
    sql,
    params: paramsOf(given),
    format: format === "table" ? "json" : format,
    ...(timeout === null ? {} : { timeout_ms: Math.max(1, Math.round(timeout * 1_000)) }),
  })
  const server = Server.given(given, terminal)
  const signal = terminal.stopped
  const answer = await server.postForBytes("/v1/query", body, { accept: "*/*", signal })
  if ("status" in answer) throw refusal(answer, sql, { given, terminal })
  try {
    if (format === "table") await printTable(answer, terminal)
    else for await (const bytes of answer) await terminal.write(bytes)
  } catch (error) {
    throw answerBrokeOff(server.url, error)
  }
  return FINE
}

/** The SQL from the argument, the file or standard input. @throws wrong-usage, input-unreadable */
async function sqlOf(given: Given, terminal: Terminal): Promise<string> {
  const [sql] = given.positionals
  const file = given.text("file")
  if ((sql === undefined) === (file === null)) {
    throw wrongUsage('millrace query needs the SQL, either as its argument ("SELECT …") or with --file FILE')
  }
  if (file === null) return sql!
  try {
    return file === "-" ? await allText(terminal.stdin) : readFileSync(file, "utf8")
  } catch (error) {
    throw inputUnreadable(file, error instanceof Error ? error.message : String(error), error)
  }
}

function formatOf(given: Given): Format {
  const text = given.text("format") ?? (given.flag("json") ? "json" : "table")
  const format = FORMATS.find((name) => name === text)
  if (format !== undefined) return format
  const near = nearest(text, FORMATS)
  const hint = near === null ? `there are ${FORMATS.join(", ")}` : `did you mean ${near}?`
  throw wrongUsage(`there is no format ${text}; ${hint}`)
}

function paramsOf(given: Given): Record<string, unknown> {
  const pairs = given.texts("param").map((text) => {
    const equals = text.indexOf("=")
    if (equals < 1) throw wrongUsage(`--param takes NAME=VALUE, not "${text}"`)
    return [text.slice(0, equals), givenValue(text.slice(equals + 1))] as const
  })
  return Object.fromEntries(pairs)
}

/** Texts as they are, which the platform reads by their type; lists are JSON. */
function givenValue(text: string): unknown {
  if (!text.startsWith("[")) return text
  try {
    return JSON.parse(text)
  } catch {
    // A text that begins with a bracket; where a list is wanted the platform says so.
    return text
  }
}

async function printTable(bytes: AsyncIterable<Uint8Array>, terminal: Terminal): Promise<void> {
  const answer = JSON.parse(await allText(bytes)) as TableAnswer
  for (const line of queryTable(answer, (style, text) => terminal.paint(style, text))) terminal.print(line)
}

async function allText(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of bytes) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

function refusal(
  answer: Answer,
  sql: string,
  { given, terminal }: { readonly given: Given; readonly terminal: Terminal },
): Error {
  const { position } = answer.body
  if (typeof position === "number" && !given.flag("json")) {
    for (const line of placeInSql(sql, position)) terminal.note(line)
  }
  return refused(answer)
}
