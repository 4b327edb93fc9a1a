/**
 * Bids meet auctions, from decoded columns: an inner join whose state stays, and one with a bound on times
 * whose state goes; beside the same work done with Maps of arrays of objects.
 */
import type { Batch } from "../src/columns/batch.ts"
import type { Column } from "../src/columns/types.ts"
import { BOOLEAN, INT64, INTERVAL, TIMESTAMP } from "../src/columns/types.ts"
import { allocateVector } from "../src/columns/vector.ts"
import { createEngine } from "../src/engine/create-engine.ts"
import type { Engine, Expiry, JoinSpec, SourceSlice } from "../src/engine/dataflow.ts"
import { call, col, compare, lit } from "../src/engine/kit/expressions.ts"
import type { Expression } from "../src/expr/expression.ts"
import { SeededRandom } from "../src/std/random.ts"
import type { Bench } from "./figure.ts"

const AUCTION: readonly Column[] = ["id", "seller", "category", "time"].map(columnOf)
const BID: readonly Column[] = ["auction", "bidder", "price", "time"].map(columnOf)
const BATCH_ROWS = 8_192
/** As in Nexmark: of fifty events three are auctions, forty-six bids. */
const BIDS_PER_AUCTION = 15
const BATCHES_PER_EPOCH = 16
const EPOCH_ROWS = BATCHES_PER_EPOCH * BATCH_ROWS
const EPOCH_US = 1_000_000n
/** Bids are for auctions of so many epochs back at most. */
const REACH_EPOCHS = 4
const AUCTIONS_PER_EPOCH = Math.floor(EPOCH_ROWS / (BIDS_PER_AUCTION + 1))

export const bench: Bench = {
  name: "joins",
  about:
    "Events per CPU second through bid ⋈ auction (int64 keys, both sides kept and probed, sixteen events " +
    "are fifteen bids and an auction), against Maps of arrays of objects.",
  async run(report, { scale }) {
    const epochs = Math.max(8, Math.round(24 * scale))
    const random = new SeededRandom(11)
    const input = Array.from({ length: epochs }, (_, epoch) => randomEpoch(random, epoch))
    for (const bounded of [false, true]) {
      report({
        metric: bounded ? "bid within four seconds of its auction" : "bid of an auction, state stays",
        value: speed(input, runner(bounded)),
        unit: "M events/s",
        baseline: speed(input, naive(bounded)),
      })
    }
  },
}

type RunEpoch = (slices: readonly SourceSlice[], epoch: number) => unknown

/** Million events per CPU second of the median epoch, once the compiler is warm. */
function speed(epochs: readonly SourceSlice[][], run: RunEpoch): number {
  const times = epochs.map((slices, epoch) => {
    const start = process.cpuUsage()
    run(slices, epoch)
    const { user, system } = process.cpuUsage(start)
    return user + system
  })
  const warm = times.slice(times.length >> 1).sort((a, b) => a - b)
  return EPOCH_ROWS / warm[warm.length >> 1]!
}

function runner(bounded: boolean): RunEpoch {
  const engine = joinEngine(bounded)
  return (slices, epoch) => {
    const watermark = BigInt(epoch) * EPOCH_US - EPOCH_US
    const watermarksUs = new Map([
      ["auctions", watermark],
      ["bids", watermark],
    ])
    engine.runEpoch({ epoch: epoch + 1, slices, watermarksUs })
  }
}

/** One pair in a thousand comes through: the join is measured, not the view behind it. */
function joinEngine(bounded: boolean): Engine {
  const columns = [...BID, ...AUCTION.map((column) => ({ ...column, name: `auction_${column.name}` }))]
  const join: JoinSpec = {
    kind: "join",
    id: "join",
    type: "inner",
    left: { input: "bids", columns: BID, keys: [0], expiry: bounded ? expiry(0n) : null },
    right: { input: "auctions", columns: AUCTION, keys: [0], expiry: bounded ? expiry(reachUs) : null },
    condition: bounded ? withinReach(columns) : null,
    emit: "changes",
    columns,
  }
  const outputs = columns.map(({ name }) => col(columns, name))
  const filter = compare("lt", col(columns, "price"), lit(1n, INT64))
  return createEngine([
    { kind: "source", id: "auctions", columns: AUCTION },
    { kind: "source", id: "bids", columns: BID },
    join,
    { kind: "stage", id: "cheap", input: "join", filter, window: null, outputs, columns },
    { kind: "view", id: "view", input: "cheap", name: "cheap", columns, key: null },
  ])
}

const reachUs = BigInt(REACH_EPOCHS) * EPOCH_US

function expiry(reach: bigint): Expiry {
  return { at: 3, lateUs: 1n, keepUs: 1n + reach }
}

/** auction.time <= bid.time <= auction.time + reach */
function withinReach(columns: readonly Column[]): Expression {
  const [bid, auction] = [col(columns, "time"), col(columns, "auction_time")]
  const until = call("add", TIMESTAMP, auction, lit({ months: 0, days: 0, micros: reachUs }, INTERVAL))
  const args = [compare("gte", bid, auction), compare("lte", bid, until)]
  return { kind: "and", args, type: BOOLEAN, nullable: false }
}

function columnOf(name: string): Column {
  return { name, type: name === "time" ? TIMESTAMP : INT64, nullable: false }
}

/** A slice of auctions, then slices of bids for those and earlier ones. */
function randomEpoch(random: SeededRandom, epoch: number): SourceSlice[] {
  const first = Math.max(0, epoch - REACH_EPOCHS + 1) * AUCTIONS_PER_EPOCH
  const known = (epoch + 1) * AUCTIONS_PER_EPOCH
  const fromUs = BigInt(epoch) * EPOCH_US
  const auctions = batchOf(AUCTIONS_PER_EPOCH, (row) => [
    (epoch * AUCTIONS_PER_EPOCH + row) * 17,
    random.below(1_000),
    random.below(20),
    Math.floor((row * Number(EPOCH_US)) / AUCTIONS_PER_EPOCH),
  ])
  const bidRows = EPOCH_ROWS - AUCTIONS_PER_EPOCH
  const slices = Array.from({ length: BATCHES_PER_EPOCH }, (_, k) => {
    const rows = Math.min(BATCH_ROWS, bidRows - k * BATCH_ROWS)
    return batchOf(rows, () => [
      (first + random.below(known - first)) * 17,
      random.below(10_000),
      random.below(1_000),
      random.below(Number(EPOCH_US)),
    ])
  })
  return [sliceOf("auctions", auctions), ...slices.map((batch) => sliceOf("bids", batch))]

  function batchOf(rows: number, valuesOf: (row: number) => readonly number[]): Batch {
    const vectors = BID.map((column) => allocateVector(column.type, rows))
    for (let row = 0; row < rows; row++) {
      valuesOf(row).forEach((value, k) => {
        vectors[k]!.values[row] = BigInt(value) + (k === 3 ? fromUs : 0n)
      })
    }
    return { length: rows, vectors }
  }
}

function sliceOf(source: string, batch: Batch): SourceSlice {
  return { source, partition: 0, baseOffset: 0, batch, skip: null }
}

interface Kept {
  readonly key: bigint
  readonly a: bigint
  readonly b: bigint
  readonly time: bigint
}

/** State stays, also where a careful developer would clean it up. */
function naive(bounded: boolean): RunEpoch {
  const auctions = new Map<bigint, Kept[]>()
  const bids = new Map<bigint, Kept[]>()
  let cheap = 0
  return (slices) => {
    for (const { source, batch } of slices) {
      const isBid = source === "bids"
      const [own, other] = isBid ? [bids, auctions] : [auctions, bids]
      const [keys, a, b, times] = batch.vectors.map((vector) => vector.values as BigInt64Array)
      for (let row = 0; row < batch.length; row++) {
        const kept = { key: keys![row]!, a: a![row]!, b: b![row]!, time: times![row]! }
        const known = own.get(kept.key)
        if (known === undefined) own.set(kept.key, [kept])
        else known.push(kept)
        for (const partner of other.get(kept.key) ?? []) {
          const [bid, auction] = isBid ? [kept, partner] : [partner, kept]
          if (bounded && (bid.time < auction.time || bid.time > auction.time + reachUs)) continue
          const pair = { ...bid, id: auction.key, seller: auction.a, category: auction.b, open: auction.time }
          if (pair.b < 1n) cheap++
        }
      }
    }
    return cheap
  }
}
