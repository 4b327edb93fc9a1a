/**
 * Takes a body with rows of several events apart: each row names its event in `event_type`. It is decoded
 * with a contract of that one field, so that rows are cut out and refused by the same rules as everywhere.
 */
import { readScalar } from "../columns/scalar.ts"
import { STRING } from "../columns/types.ts"
import type { EventContract } from "./contract.ts"
import { EVENT_TYPE } from "./contract.ts"
import type { Decoder, Framing, RejectedRow, RowRanges } from "./decoder.ts"
import { createJsonDecoder } from "./json/decoder.ts"
import { MAX_REJECTED } from "./json/limits.ts"

export interface RoutedRows {
  readonly received: number
  /** Rows by event name, in the order in which the names first came; for `Decoder.decodeRows`. */
  readonly groups: ReadonlyMap<string, RowRanges>
  /** Rows that are no JSON object, or name no event; the first `maxRejected`. */
  readonly rejected: readonly RejectedRow[]
  readonly rejectedCount: number
}

export interface RouteOptions {
  /** Names of events that exist. Rows of others are rejected as unknown-event. @default every name is one */
  readonly known?: { has(name: string): boolean; keys(): Iterable<string> }
  readonly maxRejected?: number
}

/** @throws PlatformError body-not-json, body-too-large, as Decoder.decode does. */
export function routeByEventType(
  bytes: Uint8Array,
  framing: Framing,
  options: RouteOptions = {},
): RoutedRows {
  const { known, maxRejected = MAX_REJECTED } = options
  const decoded = router().decode(bytes, framing, { maxRejected })
  const rejected = decoded.rejected.map(asRouting)
  let rejectedCount = decoded.rejectedCount
  const groups = new Map<string, Group>()
  const names = decoded.batch.vectors[0]!
  for (let row = 0; row < decoded.batch.length; row++) {
    const name = readScalar(names, row) as string
    const index = decoded.indexes[row]!
    if (!groups.has(name) && known !== undefined && !known.has(name)) {
      rejectedCount++
      if (rejected.length < maxRejected) rejected.push(unknownEvent(name, index, known))
      continue
    }
    const group = groups.get(name) ?? new Group()
    groups.set(name, group)
    group.add(decoded.valueStarts[row]!, decoded.valueEnds[row]!, index)
  }
  rejected.sort((a, b) => a.index - b.index)
  return { received: decoded.received, groups: new Map(rangesOf(groups)), rejected, rejectedCount }
}

class Group {
  readonly starts: number[] = []
  readonly ends: number[] = []
  readonly indexes: number[] = []

  add(start: number, end: number, index: number): void {
    this.starts.push(start)
    this.ends.push(end)
    this.indexes.push(index)
  }
}

function rangesOf(groups: ReadonlyMap<string, Group>): [string, RowRanges][] {
  return [...groups].map(([name, { starts, ends, indexes }]) => [
    name,
    {
      starts: Int32Array.from(starts),
      ends: Int32Array.from(ends),
      indexes: Int32Array.from(indexes),
      count: starts.length,
    },
  ])
}

let shared: Decoder | undefined

function router(): Decoder {
  shared ??= createJsonDecoder(ROUTING)
  return shared
}

/** Only the fields are looked at when a body is routed. */
const ROUTING: EventContract = {
  kind: "event",
  name: "any event",
  description: null,
  fields: [{ name: EVENT_TYPE, type: STRING, nullable: false, optional: false }],
  id: EVENT_TYPE,
  time: EVENT_TYPE,
  key: null,
  topic: "any",
  partitions: 1,
  outOfOrdernessMs: 0,
  idleMs: 0,
  idleAdvance: false,
  dedupWindowMs: null,
  unknownFields: "keep",
  retention: {},
  compression: "none",
  jsonSchema: {},
  fingerprint: "0000000000000000",
}

function asRouting(row: RejectedRow): RejectedRow {
  if (row.field !== EVENT_TYPE) return row
  const message = `${row.message}: name the event there, or post to the event's own address`
  return { ...row, code: "missing-event-type", message }
}

function unknownEvent(name: string, index: number, known: RouteOptions["known"]): RejectedRow {
  const names = [...(known?.keys() ?? [])].slice(0, MAX_NAMES_SHOWN).join(", ")
  const shown = JSON.stringify(name.slice(0, MAX_NAME_SHOWN))
  return {
    index,
    field: EVENT_TYPE,
    code: "unknown-event",
    message: `event_type is ${shown}, which is no event; there are: ${names}`,
  }
}

const MAX_NAMES_SHOWN = 20
const MAX_NAME_SHOWN = 63
