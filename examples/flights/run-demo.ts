/**
 * The command line of the demo: `npm run demo -- --seconds 30 --port 4700 --data DIR --hours-per-second 12`.
 */
import { parseArgs } from "node:util"
import { runDemo } from "./demo.ts"

const USAGE = "npm run demo -- [--seconds N] [--port N] [--data DIR] [--hours-per-second N]"

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string" },
      port: { type: "string", default: "4600" },
      data: { type: "string" },
      "hours-per-second": { type: "string", default: "6" },
    },
  })
  const stop = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort())
  return runDemo({
    seconds: values.seconds === undefined ? null : positive("seconds", values.seconds),
    port: Number(values.port),
    data: values.data ?? null,
    hoursPerSecond: positive("hours-per-second", values["hours-per-second"]),
    print: (line) => console.log(line),
    signal: stop.signal,
  })
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new RangeError(`--${name} is "${text}", not a number above 0\n${USAGE}`)
  return value
}

// A project loads every module of its folder, so only a command line may run this one; and the project that
// it starts waits for this module to be done, so it may not wait for the project.
if (import.meta.main) {
  main().then(
    (code) => {
      process.exitCode = code
    },
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error)
      process.exitCode = 2
    },
  )
}
