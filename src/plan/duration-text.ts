/** Lengths of time for people: in the largest unit that divides them, "90 minutes". */
export const DAY_US = 86_400_000_000n

const UNITS: readonly (readonly [name: string, us: bigint])[] = [
  ["day", DAY_US],
  ["hour", 3_600_000_000n],
  ["minute", 60_000_000n],
  ["second", 1_000_000n],
  ["millisecond", 1_000n],
  ["microsecond", 1n],
]

export function durationText(us: bigint): string {
  const [unit, size] = UNITS.find(([, each]) => us !== 0n && us % each === 0n) ?? ["second", 1n]
  const count = us / size
  return `${count} ${unit}${count === 1n ? "" : "s"}`
}
