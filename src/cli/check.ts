/** `millrace check`: finds what is wrong with a project before anything runs. */
import { relative } from "node:path"
import type { ProjectCheck } from "../platform/check-project.ts"
import { type Command, FINE, type Given, PROBLEM } from "./command.ts"
import type { Terminal } from "./terminal.ts"

export const check: Command = {
  name: "check",
  summary: "Check the project in DIR (default: this folder): modules, contracts, SQL, compatibility.",
  positionals: ["[DIR]"],
  options: {
    "write-lock": {
      value: null,
      about: "Take new and compatibly changed contracts and views into millrace.lock.json.",
    },
  },
  notes: [
    "millrace.lock.json belongs into version control. It holds every contract and view with its version;",
    "a change after which rows that are in the log could not be read is a problem. Without --write-lock",
    "nothing is written.",
    "Exit code 1 when there are problems.",
  ],
  examples: ["millrace check", "millrace check examples/flights --json", "millrace check --write-lock"],
  run,
}

async function run(given: Given, terminal: Terminal): Promise<number> {
  const { checkProject } = await import("../platform/check-project.ts")
  const found = await checkProject(given.positionals[0] ?? ".", { writeLock: given.flag("write-lock") })
  if (given.flag("json")) terminal.print(asJson(found))
  else show(found, terminal)
  return found.problems.length === 0 ? FINE : PROBLEM
}

/** `streams` is there for the programs that read this; the word does not exist yet, so the list is empty. */
function asJson(found: ProjectCheck): string {
  const { project, directory, events, views, problems, lock } = found
  return JSON.stringify({
    project,
    directory,
    ok: problems.length === 0,
    events,
    streams: [],
    views,
    problems,
    lock,
  })
}

function show(found: ProjectCheck, terminal: Terminal): void {
  const { project, events, views, problems, lock } = found
  for (const problem of problems) {
    const { file, line, column, where, message, suggestion, code } = problem
    const place = [file === null ? where : relative(process.cwd(), file), line, column].filter(
      (part) => part !== null,
    )
    terminal.print(`${terminal.paint("bold", place.join(":"))} ${terminal.paint("red", code)}`)
    terminal.print(`  ${file === null ? "" : `${where}: `}${message}`)
    if (suggestion !== null) terminal.print(`  ${terminal.paint("dim", "->")} ${suggestion}`)
  }
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name).join(", ") || "none"
  if (problems.length > 0) {
    terminal.print(`${project}: ${counted(problems.length, "problem")}`)
    return
  }
  terminal.print(`${terminal.paint("bold", project)} is fine`)
  terminal.print(`  events  ${names(events)}`)
  terminal.print(`  views   ${names(views)}`)
  for (const { name, embeddedOnly } of views) {
    if (embeddedOnly.length > 0) terminal.print(`  ${name} is embedded-only: ${embeddedOnly.join(", ")}`)
  }
  for (const { kind, name, change, toVersion } of lock.state === "same" ? [] : lock.changes) {
    terminal.print(
      `  lock    ${kind} ${name} ${change}${change === "changed" ? `, now version ${toVersion}` : ""}`,
    )
  }
  if (lock.state === "written") terminal.print("  millrace.lock.json is written; commit it")
  if (lock.state === "missing")
    terminal.note("There is no millrace.lock.json yet: millrace check --write-lock")
  if (lock.state === "behind") terminal.note("millrace.lock.json is behind: millrace check --write-lock")
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`
}
