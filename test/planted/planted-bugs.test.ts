/**
 * The provers are proven: with any of these bugs planted around the runtime, a law of the simulation breaks
 * within some seeds; without one, the same seeds are clean. No bug needs a flag in the code that ships.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { readScalar } from "../../src/columns/scalar.ts"
import { NO_WATERMARK } from "../../src/engine/dataflow.ts"
import type { AppendRequest, AppendResult, Log } from "../../src/log/log.ts"
import { recordSetOf } from "../../src/log/stored-records.ts"
import type { EpochOutcome } from "../../src/ports/epoch-output.ts"
import { VERDICTS } from "../../src/ports/verdict.ts"
import { decodeLedgerRecord, encodeLedgerRecord } from "../../src/quality/ledger/ledger-codec.ts"
import { LEDGER_TOPIC } from "../../src/quality/ledger/ledger-writer.ts"
import { LawBroken } from "../../src/testing/log-world.ts"
import { simulateRuntime } from "../../src/testing/runtime-simulation.ts"
import type { RuntimeSimulationOptions } from "../../src/testing/runtime-world.ts"
import {
  firstRowsOnly,
  keepRows,
  oldCheckpoints,
  onDisk,
  onEngine,
  onEpochs,
  onFiles,
  onJournal,
  onLedger,
  onLog,
  onMeta,
  onOutput,
  onPageFiles,
  onSpecs,
  onSpill,
  onTrails,
  unchangedPages,
  withChanges,
  withoutOlderPages,
  withoutReplayRecords,
} from "./saboteurs.ts"

/** Within which each bug must be caught; most fall in the first or second. */
const SEEDS = 25

const NEVER = String(NO_WATERMARK)
/** Views of plain groups and windows, for bugs that no kind of operator is needed for. */
const PLAIN = ["per_shop", "by_count", "finals", "per_second", "everything"]

interface Planted {
  readonly bug: string
  readonly plant: () => RuntimeSimulationOptions
  /** Views that it needs, beside those that each seed draws. */
  readonly views?: readonly string[]
  /** What the broken law says. */
  readonly law: RegExp
}

const BUGS: readonly Planted[] = [
  {
    bug: "a replayed row is sent without having been marked as on its way",
    plant: () => withoutReplayRecords('"state":"sending"'),
    law: /dead letter \d+ was sent again 2 times|letter \d+ is open, and in the log: true/,
  },
  {
    bug: "what a replay sends is not written down",
    plant: () => withoutReplayRecords("items/"),
    law: /replay r\d+ is interrupted although nothing is pending/,
  },
  {
    bug: "the sync before the acknowledgement is left out",
    plant: () => onFiles(() => ({ sync: () => {} })),
    law: /acknowledged|recover by itself|ends at|has no rows|was .* and is/s,
  },
  {
    bug: "a torn tail is not cut off",
    plant: () =>
      onFiles((file) => ({
        truncate: (sizeBytes) => {
          if (sizeBytes > file.sizeBytes()) file.truncate(sizeBytes)
        },
      })),
    law: /recover by itself|never sent|ends at/,
  },
  {
    bug: "the names of new files are not synced",
    plant: () => onDisk(() => ({ syncDirectory: () => {} })),
    law: /rows up to|acknowledged|recover by itself/,
  },
  {
    bug: "an offset is given out twice",
    plant: () => onLog((log) => ({ append: reusedOffsets(log) })),
    law: /receipt|takes .* at|names an offset|ends where an append ends|never ends|no rest|ledger.*missing/,
  },
  {
    bug: "an epoch is not journaled",
    plant: () => onJournal(everySecond((log, request) => pretendToAppend(log, request))),
    law: /epoch \d+|the ledger has a row twice/,
  },
  {
    bug: "an epoch's outputs leave before its record is synced",
    plant: () =>
      onJournal(async (log, request) => {
        log.append(request).catch(() => {})
        return pretendToAppend(log, request)
      }),
    law: /epoch \d+|the ledger has a row twice/,
  },
  {
    bug: "the ids of earlier rows are not remembered after a restart",
    plant: () =>
      onLog((log) => ({
        offsetAtTime: async (topic, partition) => (await log.range(topic, partition)).durableEnd,
      })),
    law: /epoch \d+ was|counts|has \d+ rows/,
  },
  {
    bug: "a checkpoint holds the state of the epoch before",
    plant: () => onEngine(oldCheckpoints),
    law: /takes|epoch \d+|has \d+ rows/,
  },
  {
    bug: "a checkpoint takes a page that changed for one that did not",
    plant: () => onEngine((engine) => unchangedPages(({ key }) => key % 2 === 0, engine)),
    law: /takes|epoch \d+|has \d+ rows|must hold|recover by itself/,
  },
  {
    bug: "rows of a join are written to without the page being owned",
    views: ["near_or_alone", "alike", "kept"],
    plant: () => onEngine((engine) => unchangedPages(({ group }) => group.includes(":join"), engine)),
    law: /epoch \d+|has \d+ rows|must hold|recover by itself|the ledger.s history/,
  },
  {
    bug: "a join forgets in a checkpoint when its rows go",
    views: ["near_at_last", "not_visited_soon"],
    plant: () => onMeta(isMetaOf("join"), withoutBuckets),
    law: /epoch \d+|(near_at_last|not_visited_soon).* has \d+ rows|must hold|recover by itself/,
  },
  {
    bug: "a rank forgets in a checkpoint which windows are closed",
    views: ["window_tops", "best_of_finals"],
    plant: () => onMeta(isMetaOf("rank"), (meta) => ({ ...meta, closedUntil: NEVER })),
    law: /epoch \d+|must hold|(window_tops|best_of_finals).* has \d+ rows/,
  },
  {
    bug: "sessions are numbered from the first one again behind a checkpoint",
    views: ["stays", "closed_stays"],
    plant: () =>
      onMeta(
        (part) => part.endsWith("/sessions"),
        (meta) => ({ ...meta, next: "1" }),
      ),
    law: /epoch \d+|must hold|(stays|closed_stays).* has \d+ rows/,
  },
  {
    bug: "a file of pages is removed that a checkpoint still needs",
    plant: () => onDisk(withoutOlderPages),
    law: /nobody damaged it: The checkpoint .* is damaged \(it is missing\)/,
  },
  {
    bug: "a checkpoint counts before its pages are synced",
    plant: () => onPageFiles(() => ({ sync: () => {} })),
    law: /nobody damaged it/,
  },
  {
    bug: "a checkpoint counts before its trail of ids is synced",
    plant: () => onTrails(() => ({ sync: () => {} })),
    law: /nobody damaged it: .* ids of sale are read from the log again/,
  },
  {
    bug: "state that leaves memory again is written in part",
    plant: () => onSpill(firstRowsOnly),
    law: /takes|epoch \d+|has \d+ rows|counts|must hold|reader of/,
  },
  {
    bug: "the watermark is one microsecond ahead",
    plant: () =>
      onEpochs((run, input) => {
        const ahead = [...input.watermarksUs].map(([source, us]) => [source, us + 1n] as const)
        return run({ ...input, watermarksUs: new Map(ahead) })
      }),
    law: /has \d+ rows|counts|applied, not|late, not|epoch \d+ was/,
  },
  {
    bug: "a window is closed one tick early",
    plant: () =>
      onSpecs((spec) => {
        return spec.kind === "aggregate" && spec.windowKeys !== null
          ? { ...spec, allowedLatenessUs: spec.allowedLatenessUs - 1n }
          : spec
      }),
    law: /has \d+ rows|counts|applied, not|late, not|epoch \d+ was/,
  },
  {
    bug: "late rows are applied",
    plant: () =>
      onSpecs((spec) => (spec.kind === "aggregate" ? { ...spec, allowedLatenessUs: 3_600_000_000n } : spec)),
    law: /has \d+ rows|counts|applied, not|epoch \d+ was/,
  },
  {
    bug: "duplicates are counted",
    plant: () =>
      onEpochs((run, input) =>
        run({ ...input, slices: input.slices.map((slice) => ({ ...slice, skip: null })) }),
      ),
    law: /has \d+ rows|counts|applied, not|epoch \d+ was/,
  },
  {
    bug: "a retraction is lost on its way to readers",
    // All of them: which comes first is another one in several parts.
    plant: () =>
      onEpochs((run, input) =>
        withChanges(run(input), "per_shop", (changes) => {
          return keepRows(changes, (row) => (changes.weights?.[row] ?? 1) > 0)
        }),
      ),
    law: /reader of per_shop/,
  },
  {
    bug: "a minimum is not corrected when its row goes",
    plant: () =>
      onEpochs((run, input) =>
        withChanges(run(input), "by_count", (changes) => {
          const low = (row: number) => readScalar(changes.vectors[2]!, row) as bigint
          const key = (row: number) => readScalar(changes.vectors[0]!, row)
          const rows = Array.from({ length: changes.length }, (_, row) => row)
          const weight = (row: number) => changes.weights?.[row] ?? 1
          const isRaised = (row: number) => {
            return rows.some((old) => weight(old) < 0 && key(old) === key(row) && low(old) < low(row))
          }
          const raised = rows.filter((row) => weight(row) > 0 && isRaised(row))
          const kept = new Set(raised.map(key))
          return keepRows(changes, (row) => !kept.has(key(row)))
        }),
      ),
    law: /reader of by_count/,
  },
  {
    bug: "the ledger says that it has one epoch more than it has",
    plant: () => onLedger((log, request) => log.append(shiftedEpochs(request, 1))),
    law: /ledger.*missing/,
  },
  {
    bug: "a checkpoint does not wait for the ledger",
    plant: () => ({
      ...onOutput(() => ({ whenDurable: async () => {}, covers: () => true })),
      ...onLedger(slowly),
    }),
    law: /ledger.*missing/,
  },
  {
    bug: "epochs that run again are written to the ledger again",
    plant: () => ({ ...onOutput(() => ({ covers: () => true })), ...onLog(withoutOldLedger) }),
    law: /ledger has a row twice/,
  },
  {
    bug: "an epoch's verdicts are left out of the ledger",
    plant: () =>
      onOutput((output) => ({
        publish: (outcome) => output.publish(outcome.epoch % 5 === 0 ? { ...outcome, rulings: [] } : outcome),
      })),
    law: /ledger.*missing/,
  },
  {
    bug: "late rows are written as failed ones",
    plant: () => onOutput((output) => ({ publish: (outcome) => output.publish(lateAsFailed(outcome)) })),
    law: /ledger.*missing/,
  },
  {
    bug: "what was ruled on views that go on is not inherited",
    plant: () => onOutput((output) => ({ begin: (start) => output.begin({ ...start, inherits: null }) })),
    // A view that is built anew asks the ledger which rows were duplicates.
    law: /ledger.*missing|has \d+ rows/,
  },
  {
    bug: "views that a change has left without state are not built",
    plant: () =>
      onEngine((engine, specs) => ({
        restore: (...from) => {
          engine.restore(...from)
          return {
            kept: new Set(specs.flatMap((spec) => (spec.kind === "view" ? [spec.name] : []))),
            derived: new Set(),
          }
        },
      })),
    law: /has \d+ rows, not|counts|balance/,
  },
]

function isMetaOf(kind: string): (part: string) => boolean {
  return (part) => part.endsWith(`:${kind}/meta`)
}

/** All rows of a join lie among those that stay for ever. */
function withoutBuckets(meta: Record<string, unknown>): Record<string, unknown> {
  const sides = meta["sides"] as { readonly rows: { readonly buckets: readonly object[] } }[]
  const timeless = ({ rows, ...side }: (typeof sides)[number]) => ({
    ...side,
    rows: { ...rows, buckets: rows.buckets.map((bucket) => ({ ...bucket, number: null })) },
  })
  return { ...meta, sides: sides.map(timeless) }
}

/** The records of the ledger with another epoch. */
function shiftedEpochs(request: AppendRequest, by: number): AppendRequest {
  const { bytes, valueStarts, valueEnds } = request.records
  const values = Array.from(valueStarts, (start, i) =>
    decodeLedgerRecord(bytes.subarray(start, valueEnds[i])),
  )
  const shifted = values.map((record) => encodeLedgerRecord({ ...record, epoch: record.epoch + by }))
  return { ...request, records: recordSetOf(shifted.map((value) => ({ value }))) }
}

/** Hops of promises that a slow append waits: longer than a checkpoint takes. */
const SLOW_HOPS = 2_000

async function slowly(log: Log, request: AppendRequest): Promise<AppendResult> {
  for (let hop = 0; hop < SLOW_HOPS; hop++) await null
  return log.append(request)
}

/** At the start the ledger looks as if it were empty. */
function withoutOldLedger(log: Log): Partial<Log> {
  let asked = false
  return {
    range: async (topic, partition) => {
      const range = await log.range(topic, partition)
      if (topic !== LEDGER_TOPIC || asked) return range
      asked = true
      return { ...range, begin: range.durableEnd }
    },
  }
}

function lateAsFailed(outcome: EpochOutcome): EpochOutcome {
  const late = VERDICTS.indexOf("late")
  const failed = VERDICTS.indexOf("failed")
  const rulings = outcome.rulings.map((ruling) => ({
    ...ruling,
    verdicts: ruling.verdicts.map((verdict) => (verdict === late ? failed : verdict)),
    failures: ruling.verdicts.map((verdict, row) => (verdict === late ? 1 : (ruling.failures?.[row] ?? 0))),
  }))
  return { ...outcome, rulings }
}

/** The append of every second batch says the offset that the one before it was given. */
function reusedOffsets(log: Log): Log["append"] {
  const last = new Map<string, number>()
  return async (request) => {
    const result = await log.append(request)
    const place = `${request.topic}/${request.partition}`
    const earlier = last.get(place)
    last.set(place, result.baseOffset)
    const isNext = earlier !== undefined && request.records.rows === null && earlier % 2 === 1
    return isNext ? { ...result, baseOffset: earlier } : result
  }
}

function everySecond(
  append: (log: Log, request: AppendRequest) => Promise<AppendResult>,
): (log: Log, request: AppendRequest) => Promise<AppendResult> {
  let count = 0
  return (log, request) => (count++ % 2 === 1 ? append(log, request) : log.append(request))
}

async function pretendToAppend(log: Log, { topic, partition }: AppendRequest): Promise<AppendResult> {
  const { durableEnd } = await log.range(topic, partition)
  return { baseOffset: durableEnd, appendTimeMs: 0 }
}

test("without a bug the same seeds break no law", async () => {
  for (let seed = 0; seed < SEEDS; seed++) await simulateRuntime(seed)
})

test("a slow ledger is no bug", async () => {
  for (let seed = 0; seed < 5; seed++) await simulateRuntime(seed, onLedger(slowly))
})

for (const { bug, plant, views = PLAIN, law } of BUGS) {
  test(`caught: ${bug}`, async (t) => {
    for (let seed = 0; seed < SEEDS; seed++) {
      try {
        await simulateRuntime(seed, { views, ...plant() })
      } catch (error) {
        assert.ok(error instanceof LawBroken, String(error))
        const broken = error.message.split("\n")[0] ?? ""
        assert.match(broken, law)
        t.diagnostic(broken)
        return
      }
    }
    assert.fail(`no law was broken in ${SEEDS} seeds`)
  })
}
