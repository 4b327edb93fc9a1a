/** The log alone: synced appends, reads, recovery. Runs in a temporary folder beside the project. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { join, resolve } from "node:path"
import { openThreadedLog } from "../src/log/index.ts"
import type { Log, RecordSet } from "../src/log/log.ts"
import { type Bench, type Figure, median } from "./figure.ts"

const EVENT_BYTES = 246
const BATCH_EVENTS = 1_000
const RUNS = 3
/** Producers that wait for their answer before they send again. */
const PRODUCERS = [1, 8] as const

export const bench: Bench = {
  name: "log",
  about:
    "Append of 246-byte events in batches of 1,000, synced before the answer, through the log thread; " +
    "baseline: one append of the same bytes to a growing file and one fdatasync for each batch. " +
    "Then read and recovery.",
  async run(report, { scale }) {
    const batches = Math.max(20, Math.round(2_000 * scale))
    const baseline = median(times(() => naive(batches)))
    for (const producers of PRODUCERS) {
      const runs: Measured[] = []
      for (let run = 0; run < RUNS; run++) runs.push(await measure(batches, producers))
      const of = (pick: (run: Measured) => number) => median(runs.map(pick))
      const each = `${producers} in flight`
      const append = of(({ appendSeconds }) => appendSeconds)
      const events = batches * BATCH_EVENTS
      report(figure(`append, ${each}`, events / append / 1e6, "M events/s", events / baseline / 1e6))
      const bytes = events * EVENT_BYTES
      report(figure(`append, ${each}`, bytes / append / 1e6, "MB/s", bytes / baseline / 1e6))
      report(figure(`main thread per batch, ${each}`, of(({ mainMs }) => mainMs) * 1000, "us", null))
      if (producers === 1) {
        report(
          figure(
            "append, 1 in flight, p50",
            of(({ p50Ms }) => p50Ms),
            "ms",
            null,
          ),
        )
        report(
          figure(
            "append, 1 in flight, p99",
            of(({ p99Ms }) => p99Ms),
            "ms",
            null,
          ),
        )
        continue
      }
      report(figure("read", bytes / of(({ readSeconds }) => readSeconds) / 1e6, "MB/s", null))
      report(figure("recovery after kill", bytes / of(({ openSeconds }) => openSeconds) / 1e6, "MB/s", null))
      report(
        figure(
          "recovery after kill, all verified",
          bytes / of(({ verifySeconds }) => verifySeconds) / 1e6,
          "MB/s",
          null,
        ),
      )
    }
  },
}

interface Measured {
  readonly appendSeconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of the appending thread, per batch. */
  readonly mainMs: number
  readonly readSeconds: number
  readonly openSeconds: number
  readonly verifySeconds: number
}

function figure(metric: string, value: number, unit: string, baseline: number | null): Figure {
  return {
    metric,
    value: Number(value.toPrecision(4)),
    unit,
    baseline: baseline && Number(baseline.toPrecision(4)),
  }
}

function events(): RecordSet {
  const bytes = new Uint8Array(BATCH_EVENTS * (EVENT_BYTES + 1)).fill(0x61)
  for (let i = 0; i < bytes.length; i++) bytes[i] = 32 + ((i * 2_654_435_761) >>> 25)
  const valueStarts = Int32Array.from({ length: BATCH_EVENTS }, (_, row) => row * (EVENT_BYTES + 1))
  const valueEnds = valueStarts.map((start) => start + EVENT_BYTES)
  const none = { keyBytes: null, keyStarts: null, keyEnds: null, headers: new Uint8Array(0), rows: null }
  return { count: BATCH_EVENTS, bytes, valueStarts, valueEnds, ...none }
}

function folder(): string {
  return mkdtempSync(join(resolve("."), ".bench-log-"))
}

async function measure(batches: number, producers: number): Promise<Measured> {
  const directory = folder()
  try {
    const log = await openThreadedLog({ directory })
    await log.createTopic({ name: "events", partitions: 1 })
    const appended = await append(log, batches, producers)
    const readSeconds = await seconds(() => readAll(log))
    await log[Symbol.asyncDispose]()
    const openSeconds = await reopen(directory, "active")
    const verifySeconds = await reopen(directory, "all")
    return { ...appended, readSeconds, openSeconds, verifySeconds }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function append(log: Log, batches: number, producers: number) {
  const records = events()
  const latenciesMs: number[] = []
  let sent = 0
  let mainMs = 0
  const produce = async () => {
    while (sent++ < batches) {
      const startMs = performance.now()
      const answer = log.append({ topic: "events", partition: 0, records })
      mainMs += performance.now() - startMs
      await answer
      latenciesMs.push(performance.now() - startMs)
    }
  }
  const appendSeconds = await seconds(
    async () => void (await Promise.all(Array.from({ length: producers }, produce))),
  )
  latenciesMs.sort((a, b) => a - b)
  const at = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)] ?? 0
  return { appendSeconds, p50Ms: at(0.5), p99Ms: at(0.99), mainMs: mainMs / batches }
}

async function readAll(log: Log): Promise<void> {
  const { durableEnd } = await log.range("events", 0)
  for (let offset = 0; offset < durableEnd; ) {
    offset = (await log.read({ topic: "events", partition: 0, offset, maxBytes: 4 * 1024 * 1024 })).nextOffset
  }
}

/** Time to open again; the marks are removed from the picture by verifying what "all" and "active" say. */
async function reopen(directory: string, verify: "active" | "all"): Promise<number> {
  let log: Log | undefined
  const taken = await seconds(async () => {
    log = await openThreadedLog({ directory, verify })
  })
  await log?.[Symbol.asyncDispose]()
  return taken
}

/** Seconds for the same bytes in a growing file with a sync for each batch. */
function naive(batches: number): number {
  const directory = folder()
  const file = openSync(join(directory, "file"), "a")
  const { bytes } = events()
  const startMs = performance.now()
  for (let batch = 0; batch < batches; batch++) {
    writeSync(file, bytes)
    fdatasyncSync(file)
  }
  const taken = (performance.now() - startMs) / 1000
  closeSync(file)
  rmSync(directory, { recursive: true })
  return taken
}

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await action()
  return (performance.now() - startMs) / 1000
}

function times(measureOnce: () => number): number[] {
  return Array.from({ length: RUNS }, measureOnce)
}
