/** Random values: mostly small ones that collide, some edges, some NULLs. */
import type { LogicalType, Scalar } from "../../src/columns/types.ts"
import type { Random } from "../../src/std/random.ts"
import { poolsOf } from "./edge-values.ts"

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.below(items.length)]!
}

const NULL_EVERY = 9
const EDGE_EVERY = 4
/** Instants beyond it are out of range for us and not for PostgreSQL. */
const FAR = 2n ** 62n

export function randomScalar(random: Random, type: LogicalType): Scalar {
  if (random.below(NULL_EVERY) === 0) return null
  if (random.below(EDGE_EVERY) === 0 && type.kind !== "decimal") {
    const value = pick(random, poolsOf(type.kind)[0]!.values)
    const far =
      type.kind === "timestamp" ? typeof value === "bigint" && value > FAR : type.kind === "interval"
    if (!far && !(type.kind === "date" && typeof value === "number" && Math.abs(value) > 3_000_000))
      return value
  }
  return ordinary(random, type)
}

function ordinary(random: Random, type: LogicalType): Scalar {
  switch (type.kind) {
    case "boolean":
      return random.below(2) === 0
    case "int32":
      return random.below(21) - 10
    case "int64":
      return BigInt(random.below(201) - 100)
    case "float64":
      return (random.below(401) - 200) / 8
    case "decimal":
      return BigInt(random.below(2_000_001) - 1_000_000)
    case "string":
      return pick(random, STRINGS)
    case "bytes":
      return Uint8Array.from({ length: random.below(4) }, () => random.below(256))
    case "json":
      return pick(random, poolsOf("json")[0]!.values)
    case "timestamp":
      return BigInt(random.below(4_000_000) - 2_000_000) * 1_234_567_891n
    case "date":
      return random.below(60_000) - 30_000
    case "interval":
      return {
        months: random.below(5) === 0 ? random.below(30) - 15 : 0,
        days: random.below(3) === 0 ? random.below(60) - 30 : 0,
        micros: BigInt(random.below(4_000_001) - 2_000_000) * 90_001n,
      }
  }
}

const STRINGS = [
  "",
  "a",
  "b",
  "ab",
  "abc",
  "AbC dEf",
  "12",
  "-3.5",
  "2024-02-29",
  "true",
  "äß",
  "😀",
  "a%_\\",
  " x ",
  "{}",
  "1 day",
]
