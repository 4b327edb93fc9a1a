/** Durations as users write them: "1 minute", "36 hours", "500 ms". */
import { PlatformError } from "./errors.ts"

const UNITS: readonly (readonly [names: string, ms: number])[] = [
  ["ms millisecond milliseconds", 1],
  ["s second seconds", 1_000],
  ["m minute minutes", 60_000],
  ["h hour hours", 3_600_000],
  ["d day days", 86_400_000],
  ["w week weeks", 604_800_000],
]
const MS_BY_UNIT = new Map(
  UNITS.flatMap(([names, ms]) => names.split(" ").map((name) => [name, ms] as const)),
)

/** Milliseconds. @throws PlatformError invalid-duration, naming `what` it was given for. */
export function parseDuration(text: string, what: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text)
  const unitMs = MS_BY_UNIT.get(match?.[2]?.toLowerCase() ?? "")
  if (match === null || unitMs === undefined) {
    throw new PlatformError({
      code: "invalid-duration",
      domain: "user",
      message:
        `${what} is "${text}", which is not a duration; ` + 'write a number and a unit, such as "30 seconds"',
    })
  }
  return Math.round(Number(match[1]) * unitMs)
}
