/**
 * Real kills: a platform in a process of its own is hit with 20,000 events a second, and it, the store's
 * process below it, or both get SIGKILL at a random moment, again and again. This process keeps the
 * acknowledgements. In the end every acknowledged event is there, none is there twice, log and lake are one
 * history without a gap, and everything that can be asked (views, verdicts, store, lake, verify) equals what
 * plain JavaScript computes from the records' own bytes. The store's death is never seen at the door.
 *
 *   node test/kill/kill-run.ts --kills 200 --seed 1
 */
import assert from "node:assert/strict"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SeededRandom } from "../../src/std/random.ts"
import { runArguments } from "../kit/run-arguments.ts"
import { type Answers, expectBalance, readAnswers, settled } from "./answers.ts"
import { compare } from "./compare.ts"
import { type HistoryFigures, readHistory } from "./history.ts"
import { Load } from "./load.ts"
import { Recomputation } from "./recompute.ts"
import {
  goneByItself,
  hostOf,
  killProcess,
  killVictim,
  startVictim,
  stopVictim,
  type Victim,
} from "./victim.ts"

const SHORTEST_LIFE_MS = 150
const LONGEST_LIFE_MS = 3_000
/** Posts go on so long after the store alone died. */
const WITHOUT_STORE_MS = 600
/** On a busy machine with two cores; an answer that waits for a store takes its whole start. */
const LONGEST_ANSWER_MS = 10_000

const TARGETS = ["platform", "store", "both"] as const
type Target = (typeof TARGETS)[number]

export interface KillReport {
  readonly kills: Readonly<Record<Target, number>>
  readonly acknowledgedPosts: number
  readonly begunPosts: number
  readonly repeatedPosts: number
  /** Rows that the door knew; those that it did not are verdicts. */
  readonly duplicates: number
  readonly overloaded: number
  readonly longestAnswerMs: number
  readonly longestAnswerWithoutStoreMs: number
  /** Where kills of the platform fell, as far as the files tell. */
  readonly fell: Readonly<Record<Place, number>>
  readonly history: HistoryFigures
  readonly verdicts: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly deadLetters: number
  /** Rows compared by `verify`, by view. */
  readonly verified: Readonly<Record<string, number>>
}

export async function killRun(options: {
  readonly kills: number
  readonly seed: number
  readonly print: (line: string) => void
}): Promise<KillReport> {
  const random = new SeededRandom(options.seed)
  const load = new Load(random)
  const data = mkdtempSync(join(tmpdir(), "millrace-kill-"))
  const kills = { platform: 0, store: 0, both: 0 }
  const fell = { segmentRoll: 0, checkpoint: 0, epoch: 0, quiet: 0 }
  let victim: Victim | null = null
  try {
    for (let kill = 1; kill <= options.kills; kill++) {
      victim ??= await startVictim(data)
      const { startMs } = victim
      await expectBalance(victim.url)
      const lifeMs = SHORTEST_LIFE_MS + random.below(LONGEST_LIFE_MS - SHORTEST_LIFE_MS)
      const target = TARGETS[random.below(TARGETS.length)]!
      victim = await liveAndDie(victim, { target, lifeMs, random, load })
      kills[target]++
      const place = victim === null ? placeOf(data) : null
      if (place !== null) fell[place]++
      const safe = load.acknowledged.tick.size + load.acknowledged.reading.size
      options.print(
        `kill ${kill} of ${options.kills}: ${target} after ${lifeMs} ms (${place ?? "goes on"}); ` +
          `${safe} posts safe; it started in ${startMs} ms`,
      )
      assert.deepEqual(load.refusals, [], "every post is answered with 200 while the platform lives")
    }
    const answers = await finalAnswers(victim ?? (await startVictim(data)), options.print)
    const recomputation = new Recomputation(answers.late)
    const history = await readHistory(data, (record) => recomputation.take(record))
    compare(recomputation.result(), answers, load)
    return { kills, fell, history, ...figuresOf(load, answers) }
  } finally {
    if (victim !== null && !victim.isKilled) await killVictim(victim)
    rmSync(data, { recursive: true, force: true })
  }
}

/** Null when the platform is gone, and the store's process with it. */
async function liveAndDie(
  victim: Victim,
  life: {
    readonly target: Target
    readonly lifeMs: number
    readonly random: SeededRandom
    readonly load: Load
  },
): Promise<Victim | null> {
  const { target, lifeMs, random, load } = life
  const isStoreFirst = random.below(2) === 0
  let host = 0
  await load.during(victim, lifeMs, async () => {
    host = await hostOf(victim)
    const killHost = () => killProcess(host)
    if (target === "store") load.noteStoreDeath()
    if (target === "store" || (target === "both" && isStoreFirst)) killHost()
    if (target !== "store") await killVictim(victim)
    if (target === "both" && !isStoreFirst) killHost()
  })
  if (target !== "store") return null
  await load.during(victim, WITHOUT_STORE_MS, async () => {})
  return victim
}

async function finalAnswers(victim: Victim, print: (line: string) => void): Promise<Answers> {
  try {
    const startedMs = performance.now()
    await settled(victim.url)
    print(`settled after ${Math.round(performance.now() - startedMs)} ms`)
    const host = await hostOf(victim)
    const answers = await readAnswers(victim.url)
    await expectBalance(victim.url)
    await stopVictim(victim)
    await goneByItself(host)
    return answers
  } finally {
    if (!victim.isKilled) await killVictim(victim)
  }
}

function figuresOf(load: Load, answers: Answers) {
  const { acknowledged, begun } = load
  assert.ok(load.longestMs < LONGEST_ANSWER_MS, `an answer took ${Math.round(load.longestMs)} ms`)
  return {
    acknowledgedPosts: acknowledged.tick.size + acknowledged.reading.size,
    begunPosts: begun.tick + begun.reading,
    repeatedPosts: load.repeatedPosts,
    duplicates: load.duplicates,
    overloaded: load.overloaded,
    longestAnswerMs: Math.round(load.longestMs),
    longestAnswerWithoutStoreMs: Math.round(load.longestWithoutStoreMs),
    verdicts: Object.fromEntries(answers.verdicts),
    deadLetters: [...answers.letters.values()].reduce((sum, times) => sum + times, 0),
    verified: Object.fromEntries(
      answers.verifications.map(({ view, rows_compared }) => [view, rows_compared]),
    ),
  }
}

type Place = "segmentRoll" | "checkpoint" | "epoch" | "quiet"

/** What the files say the kill interrupted. */
function placeOf(data: string): Place {
  const checkpoints = join(data, "checkpoints")
  if (existsSync(checkpoints) && readdirSync(checkpoints).some((name) => name.endsWith(".writing"))) {
    return "checkpoint"
  }
  const partition = join(data, "log", "tick", "0")
  const segments = existsSync(partition) ? readdirSync(partition).filter((name) => name.endsWith(".log")) : []
  const newest = segments.sort().at(-1)
  if (newest === undefined) return "quiet"
  const head = readFileSync(join(partition, newest)).subarray(0, 64)
  if (head.every((byte) => byte === 0)) return "segmentRoll"
  return journaledEnd(data) === null ? "quiet" : "epoch"
}

/** Non-null when the journal has an epoch; almost every kill under load falls between append and publish. */
function journaledEnd(data: string): number | null {
  const journal = join(data, "log", "_epochs", "0")
  return existsSync(journal) ? readdirSync(journal).length : null
}

if (import.meta.main) {
  const given = runArguments("npm run kill --", { kills: 200, seed: 1 })
  const report = await killRun({ ...given, print: (line) => console.log(line) })
  console.log(JSON.stringify(report))
}
