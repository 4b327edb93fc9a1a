/**
 * Nexmark beside Apache Flink, on the same cores, over the same NDJSON bytes. Flink reads them from files
 * with its own JSON format and gives its rows to its blackhole; it is asked with its better state backend,
 * with and without mini-batches, with one task and with two, and the best of each is the baseline. Before
 * anything is measured both have to come to the same rows. bench/NOTES.md says what is alike and what is not.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { loadavg, tmpdir } from "node:os"
import { join } from "node:path"
import { assert } from "../src/std/assert.ts"
import { NEXMARK_QUERIES } from "../test/nexmark/queries.ts"
import { planOf } from "../test/nexmark/run-query.ts"
import type { Bench, Figure } from "./figure.ts"
import { writeEventFiles } from "./flink/event-files.ts"
import { FlinkProcess } from "./flink/flink-process.ts"
import { FLINK_VERSION, installFlink } from "./flink/install.ts"
import type { EventFolders, FlinkMeasured } from "./flink/measure.ts"
import { measureFlink } from "./flink/measure.ts"
import { type EpochOfPosts, epochsOf, measureOwn } from "./flink/measure-own.ts"
import { FLINK_QUERIES, NOT_IN_FLINK, WITHOUT_ANSWER, WITHOUT_STATE } from "./flink/queries.ts"
import { differenceFromFlink } from "./flink/same-answer.ts"
import { GeometricMean } from "./nexmark/geometric-mean.ts"
import { EPOCH_EVENTS, EPOCHS_PER_CHECKPOINT } from "./nexmark/query-run.ts"

/** At scale 1. */
const EVENTS = 2_000_000
/** With fewer there is no checkpoint of ours. */
const MIN_EVENTS = EPOCHS_PER_CHECKPOINT * EPOCH_EVENTS
/** All bodies are kept in memory, 270 bytes an event, beside the state of a query. */
const MAX_EVENTS = 10_000_000

export const bench: Bench = {
  name: "nexmark-flink",
  about:
    `Nexmark from NDJSON bytes, baseline Apache Flink ${FLINK_VERSION} over the same bytes on the same ` +
    "cores, checkpoints on: thousand events per CPU-second.",
  parts: Object.keys(FLINK_QUERIES),
  countsEvents: true,
  onlyByName: true,
  async run(report, { scale, only, events: counted }) {
    const installation = installFlink()
    if (installation.kind === "missing") throw new Error(`SKIPPED, nothing measured: ${installation.reason}`)
    const events = counted ?? Math.max(MIN_EVENTS, Math.round(EVENTS * scale))
    if (events < MIN_EVENTS || events > MAX_EVENTS) {
      throw new RangeError(`--events: nexmark-flink takes ${MIN_EVENTS} to ${MAX_EVENTS}, not ${events}`)
    }
    const scratch = mkdtempSync(join(process.env["MILLRACE_BENCH_DIRECTORY"] ?? tmpdir(), "flink-"))
    const mean = new GeometricMean()
    try {
      const epochs = epochsOf(events)
      const files = writeAll(scratch, epochs)
      for (const { name } of NEXMARK_QUERIES.filter(({ name }) => only?.includes(name) ?? true)) {
        const reason = NOT_IN_FLINK[name]
        if (reason !== undefined) {
          console.error(`  SKIPPED: ${name}: ${reason}`)
          continue
        }
        const found = await compare(name, { epochs, files, scratch, classPath: installation.classPath })
        mean.add(found.own, found.flink.perCpuSecond)
        report(figureOf(name, found))
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
    const plain = (metric: string, value: number, unit: string) => {
      report({ metric, value, unit, baseline: null })
    }
    plain("geometric mean of the ratios", mean.value(), "times")
    plain("load when it ended", loadavg()[0]!, "programs")
  },
}

interface World {
  readonly epochs: readonly EpochOfPosts[]
  readonly files: EventFolders
  readonly scratch: string
  readonly classPath: string
}

interface Compared {
  /** Thousand events per second of the processor. */
  readonly own: number
  readonly flink: FlinkMeasured
}

/** A Java machine for each query: what its compiler has learnt of one is no help for another. */
async function compare(name: string, { epochs, files, scratch, classPath }: World): Promise<Compared> {
  const definition = NEXMARK_QUERIES.find((each) => each.name === name)!
  await using java = new FlinkProcess(classPath, scratch)
  if (!WITHOUT_ANSWER.has(name)) {
    const difference = await differenceFromFlink({ definition, flink: java, scratch })
    assert(difference === null, `${name}: Flink and the engine come to the same rows: ${difference}`)
  }
  const checkpointEvents = EPOCHS_PER_CHECKPOINT * EPOCH_EVENTS
  const query = FLINK_QUERIES[name]!
  const hasState = !WITHOUT_STATE.has(name)
  const asked = { query, hasState, flink: java, files, scratch, checkpointEvents }
  const flink = await measureFlink(asked)
  const plan = await planOf(definition)
  measureOwn(plan, epochs)
  return { own: measureOwn(plan, epochs), flink }
}

function writeAll(scratch: string, epochs: readonly EpochOfPosts[]): EventFolders {
  const folder = (part: string, tasks: number) => join(scratch, `${part}-events-${tasks}`)
  const posts = epochs.map((epoch) => epoch.posts)
  for (const tasks of [1, 2]) {
    writeEventFiles(folder("none", tasks), [], tasks)
    writeEventFiles(folder("all", tasks), posts, tasks)
  }
  return { folder, events: epochs.reduce((sum, { events }) => sum + events, 0) }
}

function figureOf(name: string, { own, flink }: Compared): Figure {
  const setup = `${flink.state}${flink.miniBatch ? ", mini-batch" : ""}, tasks ${flink.tasks}`
  return {
    metric: `${name}; Flink: ${setup}, checkpoints ${flink.checkpoints}`,
    value: own,
    unit: "k events/CPU-s",
    baseline: flink.perCpuSecond,
  }
}
