/** `millrace explain`: how a view is computed, what the planner did, and what its operators have done. */
import type { PlanDescription } from "../platform/explain-view.ts"
import { type Command, FINE, type Given } from "./command.ts"
import { wrongUsage } from "./errors.ts"
import { nearest } from "./nearest.ts"
import { SERVER_OPTIONS, Server } from "./server.ts"
import type { Terminal } from "./terminal.ts"
import { textTable } from "./text-table.ts"

export const explain: Command = {
  name: "explain",
  summary:
    "Show how VIEW is computed and what the planner did to it; DIR is the project (default: this folder).",
  positionals: ["[VIEW]", "[DIR]"],
  options: {
    analyze: {
      value: null,
      about: "Ask the running platform instead, with the rows and the time of each operator.",
    },
    advice: {
      value: null,
      about: "Ask it instead which views and columns nobody reads, and which queries a view would answer.",
    },
    ...SERVER_OPTIONS,
  },
  notes: [
    "Rows in are those that an operator's loop is handed, before the conditions that are part of it; out",
    "are changes. The time is that of the engine's thread since the platform started. What is kept is",
    "counted in whole pages of memory.",
  ],
  examples: [
    "millrace explain delays_per_airport examples/flights",
    "millrace explain delays_per_airport --analyze",
    "millrace explain --advice",
  ],
  run,
}

interface ShownWork {
  readonly rows_in: number
  readonly rows_out: number
  readonly busy_ms: number
}

interface ShownOperator {
  readonly operator: string
  readonly steps: readonly string[]
  readonly total: ShownWork
  readonly last_minute: ShownWork
  readonly share: number
  readonly state_rows: number
  readonly state_bytes: number
}

interface Analysis {
  readonly since: string
  readonly operators: readonly ShownOperator[]
  readonly slowest: { readonly operator: string; readonly busy_ms: number; readonly share: number } | null
}

async function run(given: Given, terminal: Terminal): Promise<number> {
  const [view, directory] = given.positionals
  if (given.flag("advice")) return advise(given, terminal)
  if (view === undefined) throw wrongUsage("millrace explain needs the name of a view")
  const analyze = given.flag("analyze")
  if (analyze && directory !== undefined) {
    throw wrongUsage("millrace explain --analyze asks the running platform and takes no project folder")
  }
  const asksServer = analyze || given.text("url") !== null || given.text("port") !== null
  const body = asksServer
    ? await ask(view, given, terminal)
    : { ...(await read(view, directory ?? ".")), analysis: null }
  if (given.flag("json")) {
    terminal.print(JSON.stringify(body))
    return FINE
  }
  show(body, terminal)
  if (analyze) showAnalysis(body.analysis, terminal)
  return FINE
}

interface ShownAdvice {
  readonly kind: string
  readonly advice: string
  readonly query: string | null
}

async function advise(given: Given, terminal: Terminal): Promise<number> {
  if (given.positionals.length > 0 || given.flag("analyze")) {
    throw wrongUsage("millrace explain --advice is about all views, and takes neither a view nor --analyze")
  }
  const body = await Server.given(given, terminal).get("/v1/advice")
  if (given.flag("json")) {
    terminal.print(JSON.stringify(body))
    return FINE
  }
  const list = body["advice"] as readonly ShownAdvice[]
  terminal.print(`From what was asked since ${body["since"]}:`)
  if (list.length === 0) terminal.print("nothing to advise")
  for (const { kind, advice, query } of list) {
    terminal.print(`${terminal.paint("bold", kind)}: ${advice}`)
    if (query !== null) terminal.print(`  ${terminal.paint("dim", query)}`)
  }
  return FINE
}

type Shown = PlanDescription & { readonly analysis: Analysis | null }

async function ask(view: string, given: Given, terminal: Terminal): Promise<Shown> {
  const answer = await Server.given(given, terminal).get(`/v1/views/${encodeURIComponent(view)}/plan`)
  const { since, operators, slowest, ...plan } = answer as unknown as PlanDescription & Analysis
  return { ...plan, analysis: { since, operators, slowest } }
}

async function read(view: string, directory: string): Promise<PlanDescription> {
  const { explainView } = await import("../platform/explain-view.ts")
  const { explained, views, problems } = await explainView(directory, view)
  if (explained !== null) return explained
  const broken =
    problems.find(({ where }) => where === view) ?? (views.length === 0 ? problems[0] : undefined)
  if (broken !== undefined) {
    throw wrongUsage(`${broken.where} has a problem (${broken.message}); millrace check shows where`)
  }
  const near = nearest(view, views)
  const hint = near === null ? `its views are ${views.join(", ") || "none"}` : `did you mean ${near}?`
  throw wrongUsage(`the project has no view ${view}; ${hint}`)
}

function show({ text, rules, append_only, shared, sources }: PlanDescription, terminal: Terminal): void {
  const title = (text: string) => terminal.print(`\n${terminal.paint("bold", text)}`)
  for (const line of text) terminal.print(line)
  title("What the planner did, rule by rule")
  const idle: string[] = []
  for (const { rule, about, did } of rules) {
    if (did.length === 0) idle.push(rule)
    else terminal.print(`${rule}: ${about}`)
    for (const each of did) terminal.print(`  ${each.did}`)
  }
  if (idle.length > 0) terminal.print(terminal.paint("dim", `nothing to do: ${idle.join(", ")}`))
  if (append_only.length > 0) {
    title("Simpler, because rows only come")
    for (const line of append_only) terminal.print(line)
  }
  if (shared.length > 0) {
    title("Computed once, with other views")
    for (const { step, views } of shared) terminal.print(`${step}: for ${views.join(", ")} too`)
  }
  title("What it reads")
  for (const { kind, name, read, unread } of sources) {
    const rest = unread.length === 0 ? "" : `; not ${unread.join(", ")}`
    terminal.print(`${kind} ${name}: ${read.join(", ") || "no column"}${rest}`)
  }
}

const COLUMNS = ["rows in", "out", "ms", "share", "ms of last minute", "rows kept", "bytes", "operator"]

function showAnalysis(analysis: Analysis | null, terminal: Terminal): void {
  if (analysis === null) return
  const { since, operators, slowest } = analysis
  terminal.print(`\n${terminal.paint("bold", `What its operators have done since ${since}`)}`)
  const rows = operators.map(({ operator, total, last_minute: recent, ...rest }) => {
    const work = [total.rows_in, total.rows_out, total.busy_ms, percent(rest.share), recent.busy_ms]
    return [...work, rest.state_rows, rest.state_bytes, operator]
  })
  for (const line of textTable(COLUMNS, rows)) terminal.print(line)
  for (const { operator, steps } of operators) {
    if (steps.length > 0)
      terminal.print(terminal.paint("dim", `in the loop of ${operator}: ${steps.join("; ")}`))
  }
  if (slowest === null) return
  const { operator, share, busy_ms } = slowest
  terminal.print(`slowest: ${operator}, ${percent(share)} of the view's time (${busy_ms} ms)`)
}

const percent = (share: number) => `${Math.round(100 * share)} %`
