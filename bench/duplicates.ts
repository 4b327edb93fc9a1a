/**
 * The ruling on duplicates, as epochs ask for it: unique ids at a million a second of append time, hashing
 * and spilling included, beside a Set of strings and a Map from text to append time. With --ids it runs
 * alone, as long as that takes, and says what it needed: `node bench/duplicates.ts --ids 600000000`.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type IdColumn, idColumn } from "../src/runners/embedded/duplicates/id-column.ts"
import { seedOf } from "../src/runners/embedded/duplicates/id-hash.ts"
import { IdMemory } from "../src/runners/embedded/duplicates/id-memory.ts"
import { limitsFor } from "../src/runners/embedded/duplicates/limits.ts"
import { NodeDisk } from "../src/std/node/disk.ts"
import { runArguments } from "../test/kit/run-arguments.ts"
import type { Bench } from "./figure.ts"

const SEED = seedOf("0123456789abcdef0123456789abcdef")
const WINDOW_MS = 600_000
const IDS_PER_MS = 1_000
const BATCH_ROWS = 16_000
/** Holds the filters of a window and of what is kept beyond it, at a million ids a second. */
const MEMORY_BYTES = 4 * 1024 ** 3
/** As long as a UUID as text. */
const ID_BYTES = 36
const CHECKPOINT_BATCHES = 500
/** Lines of progress, so that a run of ten minutes has about one a minute. */
const PROGRESS_LINES = 10
/** What the naive ones are filled with before they are measured: a Map ends at 16.7 million. */
const NAIVE_IDS = 4_000_000

export const bench: Bench = {
  name: "duplicates",
  about:
    "Unique 36-byte ids ruled on per second of one core, a window of ten minutes, spilling to disk; " +
    "against a Set of strings and a Map from string to append time.",
  async run(report, { scale }) {
    const ids = Math.max(2_000_000, Math.round(24_000_000 * scale))
    const own = await ruleOn(ids, () => {})
    const fewer = Math.min(ids, NAIVE_IDS)
    const set = naive(fewer, new Set<string>())
    const map = naive(fewer, new Map<string, number>())
    report({
      metric: "ids against a Set",
      value: own.idsPerSecond / 1e6,
      unit: "M ids/s",
      baseline: set.speed,
    })
    report({
      metric: "ids against a Map",
      value: own.idsPerSecond / 1e6,
      unit: "M ids/s",
      baseline: map.speed,
    })
    const bytes = own.memoryBytes / own.ids
    report({ metric: "memory an id", value: bytes, unit: "bytes", baseline: map.bytesPerId })
    report({
      metric: "longest batch",
      value: own.longestMs,
      unit: "ms of 16,000 ids",
      baseline: map.longestMs,
    })
  },
}

/** Two hex digits for each byte. */
const DIGITS = Uint16Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, "0")).readUInt16LE(),
)

/** Random-looking ids, never the same twice: a counter through mixing steps, in 32 hex digits. */
class Ids {
  readonly #pairs = new Uint16Array((BATCH_ROWS * ID_BYTES) / 2)
  readonly bytes = Buffer.from(this.#pairs.buffer).fill("-")
  readonly starts = Int32Array.from({ length: BATCH_ROWS }, (_, row) => row * ID_BYTES)
  readonly ends = this.starts.map((start) => start + ID_BYTES)
  #next = 0

  /** The next batch, in the same buffer. */
  fill(): void {
    const pairs = this.#pairs
    for (let row = 0; row < BATCH_ROWS; row++) {
      // Four words of eight digits; the first is the counter, which keeps ids apart.
      let word = this.#next++
      for (let pair = (row * ID_BYTES) / 2, end = pair + 16; pair < end; pair += 4) {
        pairs[pair] = DIGITS[word & 255] as number
        pairs[pair + 1] = DIGITS[(word >>> 8) & 255] as number
        pairs[pair + 2] = DIGITS[(word >>> 16) & 255] as number
        pairs[pair + 3] = DIGITS[word >>> 24] as number
        word = Math.imul(word ^ (word >>> 15), 0x2c1b3c6d) ^ pair
      }
    }
  }

  hashed(): IdColumn {
    return idColumn(BATCH_ROWS, this, SEED)
  }
}

interface Ruled {
  readonly ids: number
  readonly idsPerSecond: number
  readonly memoryBytes: number
  readonly longestMs: number
}

async function ruleOn(count: number, progress: (line: string) => void): Promise<Ruled> {
  const directory = mkdtempSync(join(process.env["MILLRACE_BENCH_DIRECTORY"] ?? tmpdir(), "duplicates-"))
  const limits = limitsFor(MEMORY_BYTES, WINDOW_MS)
  const memory = new IdMemory({
    disk: new NodeDisk(),
    directory,
    event: "bench",
    windowMs: WINDOW_MS,
    limits,
  })
  const ids = new Ids()
  let [spentMs, longestMs, mostBytes, lastMs, lastIds] = [0, 0, 0, 0, 0]
  let saved = memory.save()
  const checkpoints = Math.floor(count / BATCH_ROWS / CHECKPOINT_BATCHES)
  const progressBatches = CHECKPOINT_BATCHES * Math.max(1, Math.floor(checkpoints / PROGRESS_LINES))
  try {
    for (let offset = 0; offset < count; offset += BATCH_ROWS) {
      ids.fill()
      const start = cpuMs()
      const place = { partition: 0, baseOffset: offset, appendTimeMs: Math.floor(offset / IDS_PER_MS) }
      if (memory.rule(ids.hashed(), place) !== null) throw new Error(`an id by ${offset} is no duplicate`)
      memory.endEpoch(new Set())
      const tookMs = cpuMs() - start
      spentMs += tookMs
      longestMs = Math.max(longestMs, tookMs)
      const batch = offset / BATCH_ROWS + 1
      if (batch % CHECKPOINT_BATCHES !== 0) continue
      // A checkpoint lets expired files go.
      const next = memory.save()
      await memory.settled()
      memory.release(saved)
      saved = next
      const { memoryBytes, diskBytes, reads, ids: alive } = memory.figures
      mostBytes = Math.max(mostBytes, memoryBytes)
      if (batch % progressBatches !== 0) continue
      const speed = (offset - lastIds) / (spentMs - lastMs) / 1e3
      lastMs = spentMs
      lastIds = offset
      const rss = mib(process.memoryUsage().rss)
      progress(
        `${(offset / 1e6).toFixed(0)} M ids: ${speed.toFixed(2)} M/s, ${(alive / 1e6).toFixed(0)} M known, ` +
          `${mib(memoryBytes)} of memory, ${rss} RSS, ${mib(diskBytes)} on disk, ${reads} reads`,
      )
    }
    memory.save()
    await memory.settled()
    mostBytes = Math.max(mostBytes, memory.figures.memoryBytes)
    return { ids: count, idsPerSecond: (count / spentMs) * 1e3, memoryBytes: mostBytes, longestMs }
  } finally {
    await memory.close()
    rmSync(directory, { recursive: true })
  }
}

/** Text is decoded for each id, as a program that has bytes must. */
function naive(
  count: number,
  seen: Set<string> | Map<string, number>,
): { speed: number; bytesPerId: number; longestMs: number } {
  const ids = new Ids()
  let [spentMs, longestMs, found] = [0, 0, 0]
  const before = process.memoryUsage().heapUsed
  for (let offset = 0; offset < count; offset += BATCH_ROWS) {
    ids.fill()
    const start = cpuMs()
    for (let row = 0; row < BATCH_ROWS; row++) {
      const id = ids.bytes.toString("latin1", ids.starts[row]!, ids.ends[row]!)
      if (seen.has(id)) found++
      else if (seen instanceof Map) seen.set(id, offset)
      else seen.add(id)
    }
    const tookMs = cpuMs() - start
    spentMs += tookMs
    longestMs = Math.max(longestMs, tookMs)
  }
  if (found > 0) throw new Error("ids are unique")
  const bytesPerId = (process.memoryUsage().heapUsed - before) / count
  return { speed: count / spentMs / 1e3, bytesPerId, longestMs }
}

/** Of this thread: other load on the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1e3
}

function mib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(0)} MiB`
}

if (import.meta.main) {
  const { ids } = runArguments("node bench/duplicates.ts", { ids: 24_000_000 })
  const { idsPerSecond, memoryBytes, longestMs } = await ruleOn(ids, console.log)
  const speed = (idsPerSecond / 1e6).toFixed(2)
  const rss = mib(process.resourceUsage().maxRSS * 1024)
  console.log(
    `${ids} ids: ${speed} M ids/s of one core, at most ${mib(memoryBytes)} of memory for ids, ` +
      `${rss} RSS, longest batch ${longestMs.toFixed(0)} ms`,
  )
}
