/** Nexmark's events as contracts and as decoded columns. */

import type { Batch } from "../../src/columns/batch.ts"
import type { Column, LogicalType } from "../../src/columns/types.ts"
import { INT64, STRING, TIMESTAMP } from "../../src/columns/types.ts"
import type { EventContract } from "../../src/contracts/contract.ts"
import { PROCESSED_AT } from "../../src/contracts/contract.ts"
import { RowBuilder } from "../../src/engine/operators/row-builder.ts"
import type { Auction, Bid, NexmarkEvent, NexmarkOptions, Person } from "./generator.ts"
import { nexmarkEvents } from "./generator.ts"

/** How far behind the newest event one may come. */
export const OUT_OF_ORDER_MS = 4_000

const field = (name: string, type: LogicalType) => ({ name, type, nullable: false, optional: false })

function contract(name: string, id: string, fields: EventContract["fields"]): EventContract {
  return {
    kind: "event",
    name,
    description: null,
    fields,
    id,
    time: "date_time",
    key: null,
    topic: name,
    partitions: 1,
    outOfOrdernessMs: OUT_OF_ORDER_MS,
    idleMs: 1_000,
    idleAdvance: false,
    dedupWindowMs: null,
    unknownFields: "refuse",
    retention: {},
    compression: "none",
    jsonSchema: {},
    fingerprint: `0e${name.padEnd(14, "0").slice(0, 14)}`,
  }
}

export const PERSON = contract("person", "id", [
  field("id", INT64),
  field("name", STRING),
  field("email_address", STRING),
  field("credit_card", STRING),
  field("city", STRING),
  field("state", STRING),
  field("date_time", TIMESTAMP),
  field("extra", STRING),
])
export const AUCTION = contract("auction", "id", [
  field("id", INT64),
  field("item_name", STRING),
  field("description", STRING),
  field("initial_bid", INT64),
  field("reserve", INT64),
  field("date_time", TIMESTAMP),
  field("expires", TIMESTAMP),
  field("seller", INT64),
  field("category", INT64),
  field("extra", STRING),
])
export const BID = contract("bid", "url", [
  field("auction", INT64),
  field("bidder", INT64),
  field("price", INT64),
  field("channel", STRING),
  field("url", STRING),
  field("date_time", TIMESTAMP),
  field("extra", STRING),
])
export const NEXMARK_EVENTS: readonly EventContract[] = [PERSON, AUCTION, BID]

/** Rows of the three events, in the order of NEXMARK_EVENTS; the last column of each is processed_at. */
export interface NexmarkSlice {
  readonly batches: readonly Batch[]
  /** Of the last event. */
  readonly timeMs: number
}

/** Events [from, to). */
export function nexmarkSlice(from: number, to: number, options: NexmarkOptions): NexmarkSlice {
  return sliceOf(nexmarkEvents(from, to, options))
}

/** At least one event. */
export function sliceOf(events: readonly NexmarkEvent[]): NexmarkSlice {
  const [people, auctions, bids] = NEXMARK_EVENTS.map(builderOf) as [RowBuilder, RowBuilder, RowBuilder]
  for (const event of events) {
    if (event.kind === "bid") addBid(bids, event.row)
    else if (event.kind === "auction") addAuction(auctions, event.row)
    else addPerson(people, event.row)
  }
  return {
    batches: [people, auctions, bids].map((builder) => builder.take(false) ?? emptyOf(builder)),
    timeMs: events.at(-1)!.row.timeMs,
  }
}

function builderOf({ fields }: EventContract): RowBuilder {
  const columns: readonly Column[] = [...fields, { name: PROCESSED_AT, type: TIMESTAMP, nullable: false }]
  return new RowBuilder(columns.map(({ type }) => type))
}

function emptyOf(builder: RowBuilder): Batch {
  return { length: 0, vectors: builder.columns.map((column) => column.take(0)) }
}

function addPerson(builder: RowBuilder, row: Person): void {
  const at = rowOf(builder)
  int(builder, 0, at, row.id)
  for (const [k, name] of (["name", "email_address", "credit_card", "city", "state"] as const).entries()) {
    builder.columns[k + 1]!.setText(at, row[name])
  }
  time(builder, 6, at, row.timeMs)
  builder.columns[7]!.setText(at, row.extra)
  time(builder, 8, at, row.timeMs)
}

function addAuction(builder: RowBuilder, row: Auction): void {
  const at = rowOf(builder)
  int(builder, 0, at, row.id)
  builder.columns[1]!.setText(at, row.item_name)
  builder.columns[2]!.setText(at, row.description)
  int(builder, 3, at, row.initial_bid)
  int(builder, 4, at, row.reserve)
  time(builder, 5, at, row.timeMs)
  time(builder, 6, at, row.expiresMs)
  int(builder, 7, at, row.seller)
  int(builder, 8, at, row.category)
  builder.columns[9]!.setText(at, row.extra)
  time(builder, 10, at, row.timeMs)
}

function addBid(builder: RowBuilder, row: Bid): void {
  const at = rowOf(builder)
  int(builder, 0, at, row.auction)
  int(builder, 1, at, row.bidder)
  int(builder, 2, at, row.price)
  builder.columns[3]!.setText(at, row.channel)
  builder.columns[4]!.setText(at, row.url)
  time(builder, 5, at, row.timeMs)
  builder.columns[6]!.setText(at, row.extra)
  time(builder, 7, at, row.timeMs)
}

function rowOf(builder: RowBuilder): number {
  if (builder.length === builder.capacity) builder.grow()
  return builder.length++
}

function int(builder: RowBuilder, column: number, row: number, value: number): void {
  const { halves } = builder.columns[column]!
  halves[2 * row] = value
  halves[2 * row + 1] = Math.floor(value / 4_294_967_296)
}

const time = (builder: RowBuilder, column: number, row: number, valueMs: number): void =>
  int(builder, column, row, valueMs * 1_000)
