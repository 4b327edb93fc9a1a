/**
 * Arguments of long runs: whole numbers, as in `--seed 7 --count 1000`, and flags. What is not one of them
 * ends the process with what there is: a run over NaN seeds would find nothing wrong.
 */
import { parseArgs } from "node:util"

/** By name: the number where none is given, null where it may be missing, false for a flag. */
export type Defaults = Readonly<Record<string, number | null | false>>

type Values<D extends Defaults> = {
  readonly [K in keyof D]: D[K] extends false ? boolean : D[K] extends null ? number | null : number
}

/** @param command as people type it, like `npm run simulate --` */
export function runArguments<const D extends Defaults>(command: string, defaults: D): Values<D> {
  const usage = usageOf(command, defaults)
  const args = process.argv.slice(2)
  if (args.includes("--help")) {
    console.log(usage)
    process.exit(0)
  }
  try {
    return readRunArguments(args, defaults)
  } catch (error) {
    if (!(error instanceof RangeError) && !(error instanceof TypeError)) throw error
    console.error(`${error.message}\n${usage}`)
    process.exit(2)
  }
}

/** @throws RangeError, or the parser's TypeError, that says which argument is wrong */
export function readRunArguments<const D extends Defaults>(args: readonly string[], defaults: D): Values<D> {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [
      name,
      { type: value === false ? ("boolean" as const) : ("string" as const) },
    ]),
  )
  const { values } = parseArgs({ args: [...args], options })
  const read = Object.entries(defaults).map(([name, value]) => {
    const given = values[name]
    return [name, typeof given === "string" ? wholeNumber(name, given) : (given ?? value)]
  })
  return Object.fromEntries(read) as Values<D>
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number
  throw new RangeError(`--${name} is "${text}", which is no whole number`)
}

function usageOf(command: string, defaults: Defaults): string {
  const words = Object.entries(defaults).map(([name, value]) => {
    return value === false ? `[--${name}]` : `[--${name} ${value ?? "N"}]`
  })
  return `${command} ${words.join(" ")}`
}
