/** The few words in which the answers of simulated views are said: groups, orders, partners, windows. */
import type { Scalar } from "../../columns/types.ts"

export const SECOND_US = 1_000_000n
export const HALF_SECOND_US = 500_000n

export function grouped<T>(rows: readonly T[], keyOf: (row: T) => unknown): [string, T[]][] {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const key = String(keyOf(row))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return [...groups]
}

/** The rows of each key, to be asked by key. */
export function indexed<T>(rows: readonly T[], keyOf: (row: T) => unknown): (key: unknown) => readonly T[] {
  const groups = new Map(grouped(rows, keyOf))
  return (key) => groups.get(String(key)) ?? []
}

export function sum<T>(rows: readonly T[], of: (row: T) => number): number {
  return rows.reduce((total, row) => total + of(row), 0)
}

export function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}

type Order<T> = (a: T, b: T) => number

export function by<T>(of: (row: T) => Scalar, direction: "up" | "down" = "up"): Order<T> {
  const sign = direction === "up" ? 1 : -1
  return (a, b) => {
    const [x, y] = [of(a)!, of(b)!]
    return x < y ? -sign : x > y ? sign : 0
  }
}

/** By the first order; what it leaves equal, by the next. */
export function sorted<T>(rows: readonly T[], ...orders: readonly Order<T>[]): T[] {
  return rows.toSorted((a, b) => {
    for (const order of orders) {
      const sign = order(a, b)
      if (sign !== 0) return sign
    }
    return 0
  })
}

/** Where the window begins that a time is in. */
export function startOf(atUs: bigint, sizeUs: bigint): bigint {
  return atUs - (((atUs % sizeUs) + sizeUs) % sizeUs)
}

export function endOf(atUs: bigint, sizeUs: bigint): bigint {
  return startOf(atUs, sizeUs) + sizeUs
}
