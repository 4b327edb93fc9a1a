/** What a command of `millrace` is made of, and how its arguments are read. */
import { parseArgs } from "node:util"
import { wrongUsage } from "./errors.ts"
import { nearest } from "./nearest.ts"
import type { Terminal } from "./terminal.ts"

/** The command did what was asked and found nothing to object to. */
export const FINE = 0
/** It ran, and there is a difference or a problem. */
export const PROBLEM = 1
/** It could not run. */
export const NOT_RUN = 2

export interface Option {
  /** What stands for the value in the help; null for a switch. */
  readonly value: string | null
  readonly about: string
  readonly short?: string
}

export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Names of the positional arguments as the help shows them: "EVENT", "[FILE]". */
  readonly positionals: readonly string[]
  readonly options: Readonly<Record<string, Option>>
  /** What the help says below the options. */
  readonly notes?: readonly string[]
  readonly examples: readonly string[]
  /** Resolves with the exit code. */
  run(given: Given, terminal: Terminal): Promise<number>
}

/** Every command has these. */
export const COMMON_OPTIONS: Readonly<Record<string, Option>> = {
  json: { value: null, about: "Answer as JSON, for programs." },
  "no-color": { value: null, about: "No colours (also: NO_COLOR=1)." },
  help: { value: null, about: "Show this help.", short: "h" },
}

/** The arguments of one call. */
export class Given {
  readonly positionals: readonly string[]
  readonly #values: ReadonlyMap<string, string | true>
  readonly #texts: ReadonlyMap<string, readonly string[]>

  constructor(
    positionals: readonly string[],
    values: ReadonlyMap<string, string | true>,
    texts: ReadonlyMap<string, readonly string[]> = new Map(),
  ) {
    this.positionals = positionals
    this.#values = values
    this.#texts = texts
  }

  flag(name: string): boolean {
    return this.#values.get(name) === true
  }

  text(name: string): string | null {
    const value = this.#values.get(name)
    return typeof value === "string" ? value : null
  }

  /** Of an option that may be given several times, all in their order. */
  texts(name: string): readonly string[] {
    return this.#texts.get(name) ?? []
  }

  /** @throws wrong-usage */
  number(
    name: string,
    bounds: { readonly from: number; readonly to: number; readonly whole?: boolean },
  ): number | null {
    const text = this.text(name)
    if (text === null) return null
    const value = Number(text)
    const { from, to, whole = false } = bounds
    const fits = text.trim() !== "" && value >= from && value <= to && (!whole || Number.isInteger(value))
    if (fits) return value
    throw wrongUsage(`--${name} takes a ${whole ? "whole " : ""}number from ${from} to ${to}, not "${text}"`)
  }
}

/** @throws wrong-usage, naming the nearest option where one is not known */
export function readArguments(command: Command, args: readonly string[]): Given {
  const options = { ...command.options, ...COMMON_OPTIONS }
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(options).map(([name, { value, short }]) => [
        name,
        {
          type: value === null ? ("boolean" as const) : ("string" as const),
          ...(short === undefined ? {} : { short }),
        },
      ]),
    ),
  })
  const values = new Map<string, string | true>()
  const texts = new Map<string, string[]>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value)
    if (token.kind !== "option") continue
    const value = optionValue(command, options[token.name], token)
    values.set(token.name, value)
    if (typeof value === "string") texts.set(token.name, [...(texts.get(token.name) ?? []), value])
  }
  const most = command.positionals.length
  if (positionals.length > most) {
    const taken = most === 0 ? "no arguments" : command.positionals.join(" ")
    throw wrongUsage(`millrace ${command.name} takes ${taken}; "${positionals[most]}" is one too many`)
  }
  return new Given(positionals, values, texts)
}

function optionValue(
  command: Command,
  option: Option | undefined,
  token: { readonly name: string; readonly rawName: string; readonly value?: string | undefined },
): string | true {
  if (option === undefined) {
    const near = nearest(token.name, [...Object.keys(command.options), ...Object.keys(COMMON_OPTIONS)])
    const hint = near === null ? `see millrace ${command.name} --help` : `did you mean --${near}?`
    throw wrongUsage(`millrace ${command.name} has no option ${token.rawName}; ${hint}`)
  }
  if (option.value === null) {
    if (token.value === undefined) return true
    throw wrongUsage(`--${token.name} is a switch and takes no value`)
  }
  if (token.value !== undefined && token.value !== "") return token.value
  throw wrongUsage(`--${token.name} needs a value: --${token.name} ${option.value}`)
}
