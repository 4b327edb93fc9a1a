/** Collaborators of the runtime that do as they are told, except for one bug. */
import type { ChangeBatch } from "../../src/columns/batch.ts"
import { gatherRows } from "../../src/columns/gather.ts"
import { createEngine } from "../../src/engine/create-engine.ts"
import type { Engine, EpochInput, EpochResult, OperatorSpec } from "../../src/engine/dataflow.ts"
import type { CheckpointPart, PageMark } from "../../src/engine/engine-checkpoint.ts"
import type { AppendRequest, AppendResult, Log } from "../../src/log/log.ts"
import type { EpochOutput } from "../../src/ports/epoch-output.ts"
import { LEDGER_TOPIC } from "../../src/quality/ledger/ledger-writer.ts"
import { REPLAYS_TOPIC } from "../../src/quality/replays/replay-marks.ts"
import { JOURNAL_TOPIC } from "../../src/runners/embedded/journal.ts"
import type { Disk, DiskFile } from "../../src/std/disk.ts"
import type { RuntimeSimulationOptions } from "../../src/testing/runtime-world.ts"

/** `target`, with some of its members replaced. */
function instead<T extends object>(target: T, lies: Partial<T>): T {
  return new Proxy(target, {
    get(own, name) {
      const value: unknown = Reflect.get(lies, name) ?? Reflect.get(own, name)
      return typeof value === "function" ? value.bind(own) : value
    },
  })
}

export function onFiles(lies: (file: DiskFile) => Partial<DiskFile>): RuntimeSimulationOptions {
  const wrapDisk = (disk: Disk) =>
    instead(disk, {
      open: (path, options) => {
        const file = disk.open(path, options)
        return path.endsWith(".log") ? instead(file, lies(file)) : file
      },
    })
  return { wrapDisk }
}

export function onDisk(lies: (disk: Disk) => Partial<Disk>): RuntimeSimulationOptions {
  return { wrapDisk: (disk) => instead(disk, lies(disk)) }
}

export function onLog(lies: (log: Log) => Partial<Log>): RuntimeSimulationOptions {
  return { wrapLog: (log) => instead(log, lies(log)) }
}

/** Changes how files of pages are written. */
export function onPageFiles(lies: (file: DiskFile) => Partial<DiskFile>): RuntimeSimulationOptions {
  return onFilesNamed(".pages", lies)
}

export function onTrails(lies: (file: DiskFile) => Partial<DiskFile>): RuntimeSimulationOptions {
  return onFilesNamed(".trail", lies)
}

/** Changes how state that leaves memory is written, and how it comes back. */
export function onSpill(lies: (file: DiskFile) => Partial<DiskFile>): RuntimeSimulationOptions {
  return onFilesNamed(".spill", lies)
}

function onFilesNamed(text: string, lies: (file: DiskFile) => Partial<DiskFile>): RuntimeSimulationOptions {
  return onDisk((disk) => ({
    open: (path, options) => {
      const file = disk.open(path, options)
      return path.includes(text) ? instead(file, lies(file)) : file
    },
  }))
}

/** Bytes of a page that hold its rows, behind its header and index. */
const ROWS_AT = 1_024

/** Rows of a page are written only where nothing was before. */
export function firstRowsOnly(file: DiskFile): Partial<DiskFile> {
  return {
    write: (image, position) => {
      file.write(image.subarray(0, ROWS_AT), position)
      const isNew = file.sizeBytes() < position + image.length
      if (isNew) file.write(image.subarray(ROWS_AT), position + ROWS_AT)
    },
  }
}

/** With an old checkpoint all files of pages go but the newest. */
export function withoutOlderPages(disk: Disk): Partial<Disk> {
  return {
    remove: (path) => {
      disk.remove(path)
      if (!path.endsWith(".checkpoint")) return
      const directory = path.slice(0, path.lastIndexOf("/"))
      const files = disk.list(directory).filter((name) => name.endsWith(".pages"))
      const numbers = files.map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b)
      for (const number of numbers.slice(0, -1)) disk.remove(`${directory}/${number}.pages`)
    },
  }
}

/** These pages look as if they had not been written to since the engine began. */
export function unchangedPages(isMeant: (page: PageMark) => boolean, engine: Engine): Partial<Engine> {
  return {
    checkpoint: () => {
      const checkpoint = engine.checkpoint()
      const marked = (page: PageMark) => (isMeant(page) ? { ...page, stamp: 0 } : page)
      return instead(checkpoint, {
        *parts(isHeld?: (page: PageMark) => boolean): Generator<CheckpointPart> {
          const asked = isHeld && ((page: PageMark) => isHeld(marked(page)))
          for (const part of checkpoint.parts(asked)) {
            yield part.page === undefined ? part : { ...part, page: marked(part.page) }
          }
        },
      })
    },
  }
}

type JsonObject = Record<string, unknown>

/** Checkpoints in which what operators say of their state beside its pages is another. */
export function onMeta(
  isMeant: (part: string) => boolean,
  change: (meta: JsonObject) => JsonObject,
): RuntimeSimulationOptions {
  const changed = (part: CheckpointPart): CheckpointPart => {
    if (!isMeant(part.name)) return part
    const meta: JsonObject = JSON.parse(Buffer.from(part.bytes).toString("utf8"))
    return { ...part, bytes: Buffer.from(JSON.stringify(change(meta))) }
  }
  return onEngine((engine) => ({
    checkpoint: () => {
      const checkpoint = engine.checkpoint()
      return instead(checkpoint, {
        *parts(isHeld?: (page: PageMark) => boolean): Generator<CheckpointPart> {
          for (const part of checkpoint.parts(isHeld)) yield changed(part)
        },
      })
    },
  }))
}

/** Changes what is appended to the journal; everything else goes its way. */
export function onJournal(
  append: (log: Log, request: AppendRequest) => Promise<AppendResult>,
): RuntimeSimulationOptions {
  return onLog((log) => ({
    append: (request) => (request.topic === JOURNAL_TOPIC ? append(log, request) : log.append(request)),
  }))
}

/** Changes what is appended to the ledger; everything else goes its way. */
export function onLedger(
  append: (log: Log, request: AppendRequest) => Promise<AppendResult>,
): RuntimeSimulationOptions {
  return onLog((log) => ({
    append: (request) => (request.topic === LEDGER_TOPIC ? append(log, request) : log.append(request)),
  }))
}

/** Keeps records from the topic of replays whose key or value has the text. */
export function withoutReplayRecords(text: string): RuntimeSimulationOptions {
  return onLog((log) => ({
    append: async (request) => {
      const { records } = request
      if (request.topic !== REPLAYS_TOPIC) return log.append(request)
      const { keyBytes, keyStarts, keyEnds, bytes, valueStarts, valueEnds } = records
      const has = (from: Uint8Array, start: number, end: number) =>
        Buffer.from(from.subarray(start, Math.max(start, end))).includes(text)
      const kept = Array.from({ length: records.count }, (_, row) => row).filter((row) => {
        const inKey = has(keyBytes!, keyStarts![row]!, keyEnds![row]!)
        return !inKey && !has(bytes, valueStarts[row]!, valueEnds[row]!)
      })
      if (kept.length > 0)
        return log.append({ ...request, records: { ...records, rows: Int32Array.from(kept) } })
      const { durableEnd } = await log.range(request.topic, request.partition)
      return { baseOffset: durableEnd, appendTimeMs: 0 }
    },
  }))
}

export function onOutput(lies: (output: EpochOutput) => Partial<EpochOutput>): RuntimeSimulationOptions {
  return { wrapOutput: (output) => instead(output, lies(output)) }
}

export function onSpecs(change: (spec: OperatorSpec) => OperatorSpec): RuntimeSimulationOptions {
  return { createEngine: (specs, options) => createEngine(specs.map(change), options) }
}

export function onEngine(
  lies: (engine: Engine, specs: readonly OperatorSpec[]) => Partial<Engine>,
): RuntimeSimulationOptions {
  return {
    createEngine: (specs, options) => {
      const engine = createEngine(specs, options)
      return instead(engine, lies(engine, specs))
    },
  }
}

export function onEpochs(
  change: (run: Engine["runEpoch"], input: EpochInput) => EpochResult,
): RuntimeSimulationOptions {
  return onEngine((engine) => ({ runEpoch: (input) => change((given) => engine.runEpoch(given), input) }))
}

/** The result with another batch of changes of one view. */
export function withChanges(
  result: EpochResult,
  view: string,
  change: (changes: ChangeBatch) => ChangeBatch,
): EpochResult {
  return {
    ...result,
    changes: result.changes.map((one) =>
      one.view === view ? { ...one, changes: change(one.changes) } : one,
    ),
  }
}

/** The rows of a change batch for which `keeps` holds. */
export function keepRows(batch: ChangeBatch, keeps: (row: number) => boolean): ChangeBatch {
  const rows = Int32Array.from(Array.from({ length: batch.length }, (_, row) => row).filter(keeps))
  const { weights } = batch
  return { ...gatherRows(batch, rows), weights: weights === null ? null : rows.map((row) => weights[row]!) }
}

/** An engine whose checkpoints are one epoch old. */
export function oldCheckpoints(engine: Engine): Partial<Engine> {
  const freeze = () => {
    using checkpoint = engine.checkpoint()
    const parts: readonly CheckpointPart[] = [...checkpoint.parts()]
    return { epoch: checkpoint.epoch, generation: checkpoint.generation, parts }
  }
  let before = freeze()
  return {
    runEpoch: (input) => {
      before = freeze()
      return engine.runEpoch(input)
    },
    checkpoint: () => {
      const { parts, ...rest } = before
      return { ...rest, parts: () => parts, [Symbol.dispose]: () => {} }
    },
  }
}
