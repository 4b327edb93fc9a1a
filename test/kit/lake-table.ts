/** A table of the lake on a simulated disk, with files that only its metadata knows. */
import { SeededRandom } from "../../src/std/random.ts"
import { LakeTable } from "../../src/stores/lake/lake-table.ts"
import type { DataFile } from "../../src/stores/lake/manifest.ts"
import { TableCache } from "../../src/stores/lake/table-cache.ts"
import { SimClock } from "../../src/testing/sim-clock.ts"
import { SimDisk } from "../../src/testing/sim-disk.ts"

const DIRECTORY = "/data/lake/order"

export function fileOf(n: number, recordCount = 10): DataFile {
  const bounds = new Map([[100, Buffer.from(`bound ${n}`)]])
  const counts = new Map([[100, recordCount]])
  return {
    ...{ path: `${DIRECTORY}/data/processed_at_day=2026-11-27/${n}.parquet`, day: 20_784 },
    ...{ recordCount, sizeBytes: 40_000_000, columnSizes: counts, valueCounts: counts },
    ...{ nullValueCounts: counts, nanValueCounts: new Map(), lowerBounds: bounds, upperBounds: bounds },
    splitOffsets: [4],
  }
}

export function createTable(seed = 1) {
  const random = new SeededRandom(seed)
  const disk = new SimDisk({ random })
  disk.makeDirectory("/data")
  disk.syncDirectory("/")
  const cache = new TableCache()
  const parts = { disk, random, cache, clock: new SimClock(), directory: DIRECTORY, logId: "log" }
  return { parts, disk, table: LakeTable.create(parts, []) }
}

export const append = (table: LakeTable, file: DataFile, end: number) =>
  table.append([file], new Map([["order", [end]]]), new Map([["order", [0]]]))
