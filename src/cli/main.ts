/**
 * `millrace`: finds the command, reads its arguments, runs it, and turns what went wrong into words and a
 * code.
 */
import { VERSION } from "../platform/version.ts"
import { isPlatformError } from "../std/errors.ts"
import { backup } from "./backup.ts"
import { check } from "./check.ts"
import { type Command, FINE, NOT_RUN, readArguments } from "./command.ts"
import { deadLetters } from "./dead-letters.ts"
import { wrongUsage } from "./errors.ts"
import { explain } from "./explain.ts"
import { exportCommand } from "./export.ts"
import { commandHelp, overview } from "./help.ts"
import { nearest } from "./nearest.ts"
import { query } from "./query.ts"
import { restore } from "./restore.ts"
import { send } from "./send.ts"
import { start } from "./start.ts"
import { status } from "./status.ts"
import { tail } from "./tail.ts"
import type { Terminal } from "./terminal.ts"
import { verify } from "./verify.ts"
import { why } from "./why.ts"

const COMMANDS: readonly Command[] = [
  start,
  check,
  send,
  tail,
  status,
  query,
  deadLetters,
  verify,
  why,
  explain,
  exportCommand,
  backup,
  restore,
]

/** Resolves with the exit code: 0 fine, 1 a difference or problem, 2 could not run. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await run(args, terminal)
  } catch (error) {
    report(error, args.includes("--json"), terminal)
    return NOT_RUN
  }
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined) {
    terminal.note(overview(COMMANDS, VERSION))
    return NOT_RUN
  }
  if (name === "--version" || name === "-V") {
    terminal.print(VERSION)
    return FINE
  }
  if (name === "--help" || name === "-h" || (name === "help" && rest.length === 0)) {
    terminal.print(overview(COMMANDS, VERSION))
    return FINE
  }
  if (name === "help") {
    terminal.print(commandHelp(findCommand(rest[0]!)))
    return FINE
  }
  const command = findCommand(name)
  // Asked for help, nobody wants to hear first what else is wrong.
  if (rest.includes("--help") || rest.includes("-h")) {
    terminal.print(commandHelp(command))
    return FINE
  }
  return command.run(readArguments(command, rest), terminal)
}

function findCommand(name: string): Command {
  const found = COMMANDS.find((command) => command.name === name)
  if (found !== undefined) return found
  const names = COMMANDS.map((command) => command.name)
  const near = nearest(name, names)
  const hint = near === null ? `the commands are ${names.join(", ")}` : `did you mean ${near}?`
  throw wrongUsage(
    name.startsWith("-")
      ? `millrace has no option ${name}; see millrace --help`
      : `millrace has no command ${name}; ${hint}`,
  )
}

function report(error: unknown, json: boolean, terminal: Terminal): void {
  if (!isPlatformError(error)) {
    // Our own bug: whoever reports it needs the stack.
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    terminal.note(`${terminal.paint("red", "millrace failed, which it should not:", "error")} ${text}`)
    return
  }
  const { code, message, details } = error
  if (json) terminal.print(JSON.stringify({ error: { code, message, ...details } }))
  else terminal.note(`${terminal.paint("red", "error:", "error")} ${message}`)
}
