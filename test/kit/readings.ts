/** A small event for tests of views, and views whose rows are replaced and go. */
import { z } from "zod"
import type { Scalar } from "../../src/columns/types.ts"
import { event } from "../../src/contracts/event.ts"
import { int32, int64, timestamp } from "../../src/contracts/field-types.ts"
import { view } from "../../src/plan/view.ts"

/** What a row of `reading` has, in the order of its columns. */
export interface Reading {
  readonly id?: string
  readonly at: number
  readonly key?: string | null
  readonly n?: number | null
  readonly big?: bigint | null
  readonly x?: number | null
}

export const reading = event("reading", {
  schema: z.object({
    id: z.string(),
    at: timestamp(),
    key: z.string().nullable(),
    n: int32().nullable(),
    big: int64().nullable(),
    x: z.number().nullable(),
  }),
  id: "id",
  time: "at",
})

export const SECOND = 1_000_000n

/** @param at in seconds */
export function row({ id, at, key = "a", n = null, big = null, x = null }: Reading): Scalar[] {
  return [id ?? `${key} ${at}`, BigInt(at) * SECOND, key, n, big, x]
}

/** Rows of [key, at, n]. */
export function rows(...list: readonly (readonly [key: string | null, at: number, n: number | null])[]) {
  return { reading: list.map(([key, at, n]) => row({ key, at, n })) }
}

/** The latest n of each key: a row that is replaced by every reading. */
export const latest = view("latest", {
  sql: "SELECT key, last(n ORDER BY at) AS n FROM reading GROUP BY key",
  state: "unbounded",
})

/** The same without those below zero: a key goes with a negative reading. */
export const present = view("present", { sql: "SELECT key, n FROM latest WHERE n >= 0", state: "unbounded" })
