/**
 * Random changes: the rows of two events in the order in which they arrive, and ways to cut them into epochs.
 * Rows of a timely history come at most 25 s behind their time, where 30 s are allowed: state goes while
 * rows still come, and no row may be late. The others come in any order.
 */
import type { Scalar } from "../../src/columns/types.ts"
import type { EventContract } from "../../src/contracts/contract.ts"
import type { SourceSlice } from "../../src/engine/dataflow.ts"
import { eventColumns, sourceId } from "../../src/runners/embedded/lower.ts"
import type { SeededRandom } from "../../src/std/random.ts"
import { parseCase } from "../golden/case-file.ts"
import { batchOf } from "../kit/batch-of.ts"
import { APPEND_TIME_MS } from "../kit/run-views.ts"
import type { Kind } from "./kinds.ts"
import { randomValue, SPAN_SECONDS, START_US } from "./kinds.ts"

export interface Arrival {
  readonly event: string
  readonly row: readonly Scalar[]
}

export interface Events {
  readonly timely: boolean
  /** Lines of a golden case that declare the events. */
  readonly declarations: readonly string[]
  readonly contracts: readonly EventContract[]
}

const FIELDS: Readonly<Record<string, string>> = {
  e:
    "id int64, at timestamp, b boolean null, i int32 null, j int32 null, l int64 null, " +
    "d decimal(10,2) null, f float64 null, s string null, t string null, x bytes null, n json null, " +
    "w timestamp null, y date null",
  g:
    "id int64, at timestamp, i int32, s string null, l int64 null, d decimal(10,2) null, " +
    "f float64 null, b boolean null, x bytes null, n json null, w timestamp null, y date null",
}
const MAX_ROWS = 14
const LAG_SECONDS = 25

const declared = (timely: boolean): readonly string[] =>
  Object.entries(FIELDS).map(
    ([name, fields]) => `event ${name} (${fields}) out of order ${timely ? "30 seconds" : "3650 days"}`,
  )

/** The events as FROM names them. */
export function eventFields(name: string): readonly { readonly name: string; readonly kind: Kind }[] {
  return FIELDS[name]!.split(/,\s*(?![^(]*\))/).map((field) => {
    const [column = "", type = ""] = field.trim().split(" ")
    return { name: column, kind: (type.startsWith("decimal") ? "decimal" : type) as Kind }
  })
}

export const EVENTS = Object.keys(FIELDS)

export function randomEvents(random: SeededRandom): Events {
  const timely = random.below(2) === 0
  const declarations = declared(timely)
  return { timely, declarations, contracts: parseCase(declarations.join("\n")).events }
}

/** In the order in which they come. */
export function randomArrivals({ timely, contracts }: Events, random: SeededRandom): readonly Arrival[] {
  const arrivals = contracts.flatMap((contract) => {
    const count = random.below(8) === 0 ? 0 : 1 + random.below(MAX_ROWS)
    const rows: Scalar[][] = []
    const seconds = distinctSeconds(random)
    for (let id = 0; id < count; id++) {
      const twin = rows.length > 0 && random.below(10) === 0 ? rows[random.below(rows.length)]! : null
      rows.push(twin ?? randomRow(contract, { id, second: seconds.pop()! }, random))
    }
    return rows.map((row): Arrival => ({ event: contract.name, row }))
  })
  return arranged(arrivals, timely, random)
}

/** An event time is one row's alone, so that it settles the order of rows; only twins share theirs. */
function distinctSeconds(random: SeededRandom): number[] {
  const seconds = new Set<number>()
  while (seconds.size < MAX_ROWS) seconds.add(random.below(SPAN_SECONDS))
  return [...seconds]
}

interface Place {
  readonly id: number
  readonly second: number
}

function randomRow(contract: EventContract, { id, second }: Place, random: SeededRandom): Scalar[] {
  const fields = eventFields(contract.name)
  const row = fields.map(({ kind }, k): Scalar => {
    if (k === 0) return BigInt(id)
    if (k === 1) return START_US + BigInt(second) * 1_000_000n
    const isNullable = contract.fields[k]!.nullable || contract.fields[k]!.optional
    return isNullable && random.below(5) === 0 ? null : randomValue(kind, random)
  })
  return [...row, BigInt(APPEND_TIME_MS) * 1000n]
}

/** Rows in an order in which they may come. */
function arranged(arrivals: readonly Arrival[], timely: boolean, random: SeededRandom): readonly Arrival[] {
  const lag = () => BigInt(random.below(LAG_SECONDS * 1_000_000))
  const keyed = arrivals.map((arrival) => ({
    arrival,
    at: timely ? (arrival.row[1] as bigint) + lag() : BigInt(random.uint32()),
  }))
  return keyed.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).map(({ arrival }) => arrival)
}

/** What the engine takes per epoch. */
export function epochsOf(
  { contracts }: Pick<Events, "contracts">,
  epochs: readonly (readonly Arrival[])[],
): SourceSlice[][] {
  const offsets = new Map<string, number>()
  return epochs.map((arrivals) =>
    contracts.flatMap((contract) => {
      const rows = arrivals.filter(({ event }) => event === contract.name).map(({ row }) => row)
      if (rows.length === 0) return []
      const baseOffset = offsets.get(contract.name) ?? 0
      offsets.set(contract.name, baseOffset + rows.length)
      const batch = batchOf(eventColumns(contract), rows)
      return [{ source: sourceId(contract.name), partition: 0, baseOffset, batch, skip: null }]
    }),
  )
}
