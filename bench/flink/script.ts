/** A script for bench/flink/RunScripts.java: settings, the tables of Nexmark over NDJSON files, one query. */
import { pathToFileURL } from "node:url"
import type { LogicalType } from "../../src/columns/types.ts"
import { assert } from "../../src/std/assert.ts"
import { NEXMARK_EVENTS, OUT_OF_ORDER_MS } from "../../test/nexmark/columns.ts"

/** What Flink leaves to who runs it. */
export interface FlinkSetup {
  readonly tasks: number
  /** Flink's names: state as objects in the Java heap, or in RocksDB's files. */
  readonly state: "hashmap" | "rocksdb"
  readonly miniBatch: boolean
}

export interface FlinkRun extends FlinkSetup {
  /** Folder with a folder of NDJSON files for each kind of event. */
  readonly events: string
  /** Folder for checkpoints and RocksDB's files. */
  readonly scratch: string
  readonly checkpointMs: number
}

/** Of one query, without an INSERT: where its rows go is said to RunScripts. */
export function scriptOf(query: string, run: FlinkRun): string {
  const set = Object.entries(settingsOf(run)).map(([key, value]) => `SET '${key}' = '${value}'`)
  return [...set, ...NEXMARK_EVENTS.map((event) => tableOf(event, run.events)), query].join(";\n")
}

/** The public project's settings, and memory that no query of this size fills. */
function settingsOf({ tasks, state, miniBatch, scratch, checkpointMs }: FlinkRun): Record<string, string> {
  const scratchUrl = pathToFileURL(scratch).href
  return {
    "parallelism.default": String(tasks),
    "taskmanager.numberOfTaskSlots": String(tasks),
    "taskmanager.memory.managed.size": "2g",
    "taskmanager.memory.network.max": "256m",
    "pipeline.object-reuse": "true",
    "state.backend.type": state,
    "state.backend.incremental": "true",
    "state.backend.rocksdb.localdir": scratch,
    "execution.checkpointing.interval": `${checkpointMs} ms`,
    "execution.checkpointing.mode": "EXACTLY_ONCE",
    "execution.checkpointing.storage": "filesystem",
    "execution.checkpointing.dir": `${scratchUrl}/checkpoints`,
    "table.local-time-zone": "UTC",
    "table.exec.mini-batch.enabled": String(miniBatch),
    ...(miniBatch
      ? { "table.exec.mini-batch.allow-latency": "2 s", "table.exec.mini-batch.size": "50000" }
      : {}),
  }
}

function tableOf({ name, fields, time }: (typeof NEXMARK_EVENTS)[number], events: string): string {
  const columns = fields.map((field) => `\`${field.name}\` ${flinkType(field.type)}`)
  return `CREATE TEMPORARY TABLE ${name} (
  ${columns.join(",\n  ")},
  processed_at AS PROCTIME(),
  WATERMARK FOR ${time} AS ${time} - INTERVAL '${OUT_OF_ORDER_MS / 1_000}' SECOND
) WITH (
  'connector' = 'filesystem', 'path' = '${pathToFileURL(events).href}/${name}',
  'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601'
)`
}

function flinkType({ kind }: LogicalType): string {
  const type = { int64: "BIGINT", string: "STRING", timestamp: "TIMESTAMP_LTZ(3)" }[kind as string]
  assert(type !== undefined, `Nexmark's events have a column of ${kind}: give it a type of Flink's`)
  return type
}
