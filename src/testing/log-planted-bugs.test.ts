/** The prover is proven: a log with any of these bugs must break a law within some seeds. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { LogCore, type LogCoreOptions } from "../log/embedded/core.ts"
import type { Disk, DiskFile } from "../std/disk.ts"
import { batchCrc, readBatchHeader, viewOf } from "../wire/kafka/record-batch.ts"
import { simulateLog } from "./log-simulation.ts"
import { LawBroken, type LogSimulationOptions } from "./log-world.ts"
import type { SimDisk } from "./sim-disk.ts"

const SEEDS = 150

/** A disk that does what `disk` does, except for what `lies` replaces on it and on its files. */
function lyingDisk(disk: Disk, lies: Partial<Disk>, fileLies: (file: DiskFile) => Partial<DiskFile>): Disk {
  const through = <T extends object>(target: T, replaced: Partial<T>): T =>
    new Proxy(target, {
      get(own, name) {
        const value = Reflect.get(replaced, name) ?? Reflect.get(own, name)
        return typeof value === "function" ? value.bind(own) : value
      },
    })
  const open: Disk["open"] = (path, options) => {
    const file = disk.open(path, options)
    return through(file, fileLies(file))
  }
  return through(disk, { open, ...lies })
}

const isLog = ({ path }: DiskFile) => path.endsWith(".log")

function onDisk(lies: Partial<Disk>, fileLies: (file: DiskFile) => Partial<DiskFile>): LogSimulationOptions {
  return { wrapDisk: (disk) => lyingDisk(disk, lies, fileLies) }
}

/** The log with a changed way of opening it. */
function onCore(
  change: (options: LogCoreOptions) => LogCoreOptions,
  append?: LogCore["append"],
): LogSimulationOptions {
  return {
    openCore: (options) => {
      const core = LogCore.open(change(options))
      if (append !== undefined) core.append = append.bind(core)
      return core
    },
  }
}

const appendAsIs = LogCore.prototype.append

const BUGS: readonly (readonly [name: string, options: LogSimulationOptions])[] = [
  [
    "the sync before the acknowledgement is left out",
    onDisk({}, (file) => (isLog(file) ? { sync: () => {} } : {})),
  ],
  ["a torn tail is not cut off", onDisk({}, (file) => (isLog(file) ? { truncate: growOnly(file) } : {}))],
  ["a new file's name is never synced", onDisk({ syncDirectory: () => {} }, () => ({}))],
  [
    "a failed sync is simply tried again",
    onDisk({}, (file) => (isLog(file) ? { sync: () => void (attempt(file.sync) || file.sync()) } : {})),
  ],
  [
    "an offset is given out twice",
    onCore((options) => {
      let last = -1
      const { sink } = options
      const appended: typeof sink.appended = (ticket, baseOffset, timeMs) => {
        sink.appended(ticket, last >= 0 && baseOffset === last + 1 ? last : baseOffset, timeMs)
        last = baseOffset
      }
      return { ...options, sink: { ...sink, appended } }
    }),
  ],
  [
    "a refused request is acknowledged",
    onCore((options) => ({
      ...options,
      sink: { ...options.sink, refused: (ticket) => options.sink.appended(ticket, 0, options.clock.nowMs()) },
    })),
  ],
  [
    "the fence is ignored",
    onCore(
      (options) => options,
      function (this: LogCore, request) {
        for (const fence of [null, 0, 1, 2, 3, 4, 5, 6, 7, 8]) {
          if (attempt(() => appendAsIs.call(this, { ...request, fence }))) return
        }
      },
    ),
  ],
  ["the checksum is not compared", { damage: damageWithChecksum }],
  [
    "an append time is the clock's, which may fall",
    onCore((options) => {
      const { sink, clock } = options
      const appended: typeof sink.appended = (ticket, offset) => sink.appended(ticket, offset, clock.nowMs())
      return { ...options, sink: { ...sink, appended } }
    }),
  ],
]

function attempt(action: () => void): boolean {
  try {
    action()
    return true
  } catch {
    // The planted bug is that nobody looks.
    return false
  }
}

function growOnly(file: DiskFile): DiskFile["truncate"] {
  return (sizeBytes) => {
    if (sizeBytes > file.sizeBytes()) file.truncate(sizeBytes)
  }
}

/** Damage that a reader who does not compare checksums cannot see: the checksum is made to fit. */
function damageWithChecksum(disk: SimDisk, path: string, position: number): void {
  const before = disk.contents(path)
  disk.flip(path, position, 1)
  const bytes = disk.contents(path)
  for (let at = 0; at + 61 <= before.length; ) {
    const { sizeBytes } = readBatchHeader(viewOf(before), at)
    if (sizeBytes <= 61 || at + sizeBytes > before.length) return
    if (position >= at + 21 && position < at + sizeBytes) {
      viewOf(bytes).setUint32(at + 17, batchCrc(bytes, at, sizeBytes))
      for (let i = at + 17; i < at + 21; i++) disk.flip(path, i, (before[i] ?? 0) ^ (bytes[i] ?? 0))
    }
    at += sizeBytes
  }
}

for (const [name, options] of BUGS) {
  test(`caught: ${name}`, () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      try {
        simulateLog(seed, options)
      } catch (error) {
        assert.ok(error instanceof LawBroken, String(error))
        return
      }
    }
    assert.fail(`no law was broken in ${SEEDS} seeds`)
  })
}
