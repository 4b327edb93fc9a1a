/** A log and a lake on one disk, and rows of a contract that has a column of each type. */
import { z } from "zod"
import { acceptedRows } from "../../src/contracts/accepted-rows.ts"
import type { EventContract } from "../../src/contracts/contract.ts"
import { bytes, date, decimal, event, float64, int32, int64, json, timestamp } from "../../src/index.ts"
import { openInlineLog } from "../../src/log/embedded/inline-log.ts"
import type { LocalLog } from "../../src/log/log.ts"
import { Archiver, type ArchiverLimits } from "../../src/runners/archiver/archiver.ts"
import { HistoryLog } from "../../src/runners/archiver/history-log.ts"
import { openInlineWorkshop } from "../../src/runners/archiver/inline-workshop.ts"
import { openThreadedWorkshop } from "../../src/runners/archiver/threaded-workshop.ts"
import { groupReaderOf } from "../../src/runners/archiver/workshop.ts"
import { makeHeaders } from "../../src/runners/embedded/door.ts"
import type { Disk } from "../../src/std/disk.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { Lake } from "../../src/stores/lake/lake.ts"
import { type PlainRecord, withHeaders } from "../../src/testing/plain-records.ts"
import { SimClock } from "../../src/testing/sim-clock.ts"
import { decodeHeaders } from "../../src/wire/kafka/headers.ts"

const order = {
  id: z.string(),
  at: timestamp(),
  amount: decimal(12, 2),
  large: decimal(30, 3).nullable(),
  tiny: decimal(5, 1).optional(),
  units: int32(),
  total: int64(),
  weight: float64().optional(),
  paid: z.boolean(),
  due: date().nullable(),
  note: json().optional(),
  seal: bytes().optional(),
}

const keys = { id: "id", time: "at", key: "id", partitions: 2, unknownFields: "keep" } as const

export const order1 = event("order", { ...keys, schema: z.object(order) }) as unknown as EventContract
/** The contract grew by a field. */
export const order2 = event("order", {
  ...keys,
  schema: z.object({ ...order, coupon: z.string().optional() }),
}) as unknown as EventContract

export interface LakeWorld extends AsyncDisposable {
  readonly clock: SimClock
  readonly log: LocalLog
  readonly lake: Lake
  readonly archiver: Archiver
  readonly history: HistoryLog
  readonly reports: string[]
  append(partition: number, rows: readonly PlainRecord[], contract?: EventContract): Promise<void>
}

/** @param directory absolute; opened again, it is the next life of the same platform. */
export async function openLakeWorld(options: {
  readonly disk: Disk
  readonly directory: string
  readonly seed?: number
  readonly clock?: SimClock
  readonly contracts?: readonly EventContract[]
  readonly limits?: Partial<ArchiverLimits>
  readonly segmentBytes?: number
  readonly retentionBytes?: number
  /** Files are written and read in a thread of their own: on a real disk. */
  readonly isThreaded?: boolean
}): Promise<LakeWorld> {
  const { disk, directory, contracts = [order1] } = options
  const clock = options.clock ?? new SimClock(Date.UTC(2026, 10, 27, 23, 59, 0))
  const random = new SeededRandom(options.seed ?? 1)
  const reports: string[] = []
  const report = (message: string) => void reports.push(message)
  disk.makeDirectory(directory)
  const log = openInlineLog({
    ...{ disk, clock, scheduler: clock, random, directory: `${directory}/log` },
    limits: { segmentBytes: options.segmentBytes ?? 64 * 1024, preallocateBytes: 8192 },
  })
  for (const [topic, { partitions }] of new Map(contracts.map((contract) => [contract.topic, contract]))) {
    const retentionBytes = options.retentionBytes
    await log.createTopic({
      name: topic,
      partitions,
      ...(retentionBytes === undefined ? {} : { retentionBytes }),
    })
  }
  const accepted = contracts.map(acceptedRows)
  const workshop =
    options.isThreaded === true
      ? openThreadedWorkshop(accepted)
      : openInlineWorkshop({ disk, random, contracts: accepted })
  const lake = Lake.open({
    ...{ disk, clock, random, directory: `${directory}/lake`, logId: log.logId },
    reader: groupReaderOf(workshop),
  })
  const archiver = new Archiver({
    ...{ log, lake, workshop, clock, scheduler: clock, contracts, report },
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  })
  const append: LakeWorld["append"] = async (partition, rows, contract = contracts[0]!) => {
    const records = withHeaders(decodeHeaders(makeHeaders(contract)), ...rows)
    const appended = log.append({ topic: contract.topic, partition, records })
    clock.runDue()
    await appended
  }
  const dispose = async () => {
    await archiver[Symbol.asyncDispose]()
    await workshop[Symbol.asyncDispose]()
    await log[Symbol.asyncDispose]()
  }
  const history = new HistoryLog(log, lake)
  return { clock, log, lake, archiver, history, reports, append, [Symbol.asyncDispose]: dispose }
}

/** Row `n` as its producer sends it. */
export function orderRow(n: number): PlainRecord {
  const id = `order-${n}`
  const row = {
    id,
    at: new Date(Date.UTC(2026, 10, 27) + n * 1000).toISOString(),
    amount: `${n}.25`,
    large: n % 3 === 0 ? null : `${n}00000000000000000000.125`,
    tiny: n % 2 === 0 ? "1.5" : "-2.5",
    units: n - 3,
    total: String(9_007_199_254_740_993n + BigInt(n)),
    ...(n % 4 === 0 ? {} : { weight: n / 3 }),
    paid: n % 2 === 1,
    due: n % 5 === 0 ? null : "2026-12-24",
    note: { n, tags: ["a", 'b"}'] },
    seal: Buffer.from(`seal ${n}`).toString("base64"),
    ...(n % 7 === 0 ? { shipping: { to: 'Bern, "x"' }, hint: `h\\${n}`, größe: 3 } : {}),
  }
  return { key: id, value: JSON.stringify(row) }
}

export function orderRows(from: number, to: number): PlainRecord[] {
  return Array.from({ length: to - from }, (_, i) => orderRow(from + i))
}
