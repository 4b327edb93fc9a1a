/** The help texts, made from the commands' own descriptions, so that they cannot differ. */
import { COMMON_OPTIONS, type Command, type Option } from "./command.ts"

export function overview(commands: readonly Command[], version: string): string {
  return [
    `Millrace ${version}: real-time analytics as code, in one process.`,
    "",
    "Usage: millrace COMMAND [arguments]",
    "",
    "Commands:",
    ...table(commands.map(({ name, positionals, summary }) => [[name, ...positionals].join(" "), summary])),
    "",
    "Options:",
    ...table([
      ["-h, --help", "Show this help, or that of a command."],
      ["--version", "Show the version."],
    ]),
    "",
    "Exit codes: 0 fine, 1 a difference or a problem, 2 could not run.",
  ].join("\n")
}

export function commandHelp(command: Command): string {
  const usage = ["millrace", command.name, ...command.positionals, "[options]"].join(" ")
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS })
  return [
    command.summary,
    "",
    `Usage: ${usage}`,
    "",
    "Options:",
    ...table(options.map(([name, option]) => [optionText(name, option), option.about])),
    ...(command.notes === undefined ? [] : ["", ...command.notes]),
    "",
    "Examples:",
    ...command.examples.map((example) => `  ${example}`),
  ].join("\n")
}

function optionText(name: string, { value, short }: Option): string {
  const long = value === null ? `--${name}` : `--${name} ${value}`
  return short === undefined ? long : `-${short}, ${long}`
}

function table(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left!.length))
  return rows.map(([left, right]) => `  ${left!.padEnd(width)}  ${right}`)
}
