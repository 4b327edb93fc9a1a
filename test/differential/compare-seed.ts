/**
 * The queries of one seed over a few histories, in the engine and in PostgreSQL. A pair is a query and a
 * history; its answers are compared half-way and at the end.
 */
import { bindProject } from "../../src/plan/bind-project.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import { view } from "../../src/plan/view.ts"
import { eventColumns } from "../../src/runners/embedded/lower.ts"
import { SeededRandom } from "../../src/std/random.ts"
import { batchOf } from "../kit/batch-of.ts"
import type { Row } from "../kit/canonical.ts"
import { differenceOf } from "../kit/canonical.ts"
import type { OracleTable, PgOracle } from "../kit/pg-oracle.ts"
import { runEpochs } from "../kit/run-views.ts"
import type { Coverage } from "./coverage.ts"
import type { Arrival, Events } from "./history.ts"
import { epochsOf, randomArrivals, randomEvents } from "./history.ts"
import type { RandomView } from "./random-queries.ts"
import { randomViews } from "./random-queries.ts"
import { textOf } from "./sql-text.ts"

/** How a history is run. */
export interface Course {
  readonly epochs: readonly (readonly Arrival[])[]
  readonly restoreAfter: number
  /** The epoch behind which answers are compared too; -1: none. */
  readonly lookAfter: number
}

export interface Trial {
  readonly events: Events
  readonly views: readonly RandomView[]
  readonly courses: readonly Course[]
}

export interface Difference {
  readonly view: string
  readonly course: Course
  readonly reason: string
}

export interface Refusal {
  readonly view: string
  readonly code: string
  readonly message: string
}

export interface Outcome {
  readonly differences: readonly Difference[]
  readonly refusals: readonly Refusal[]
  /** Views that PostgreSQL could not evaluate, and why. */
  readonly unjudged: readonly { readonly view: string; readonly reason: string }[]
  readonly compared: number
  /** Answers that had rows. */
  readonly withRows: number
}

/** Making an engine costs as much as running it. */
const HISTORIES = 5

export function randomTrial(seed: number, queries: number, coverage: Coverage): Trial {
  const random = new SeededRandom(seed)
  const events = randomEvents(random)
  return {
    events,
    views: randomViews(seed, queries, coverage),
    courses: Array.from({ length: HISTORIES }, () => randomCourse(randomArrivals(events, random), random)),
  }
}

/** Rows in few epochs or in many, or all in one; now and then restored from a checkpoint in between. */
function randomCourse(arrivals: readonly Arrival[], random: SeededRandom): Course {
  const most = [1, 3, 6, 12, Math.max(1, arrivals.length)][random.below(5)]!
  const epochs: Arrival[][] = []
  for (let first = 0; first < arrivals.length; first += epochs.at(-1)!.length) {
    epochs.push(arrivals.slice(first, first + 1 + random.below(most)))
  }
  const isRestored = random.below(4) === 0 && epochs.length > 0
  return {
    epochs,
    restoreAfter: isRestored ? random.below(epochs.length) : -1,
    lookAfter: Math.floor(epochs.length / 2) - 1,
  }
}

export async function compareTrial(oracle: PgOracle, { events, views, courses }: Trial): Promise<Outcome> {
  const { plans, refusals } = await bindAll(events, views)
  await oracle.replaceViews(queriesOf(views, plans).filter(({ isRead }) => isRead))
  const differences: Difference[] = []
  const unjudged: { view: string; reason: string }[] = []
  let compared = 0
  let withRows = 0
  for (const course of courses) {
    const expected = await expectedRows(oracle, { events, views, plans, course })
    differences.push(...compareCourse(events, plans, { course, expected }))
    for (const plan of plans) {
      const atEnd = expected.atEnd.get(plan.name)!
      if (atEnd instanceof Error) unjudged.push({ view: plan.name, reason: atEnd.message })
      else compared++
      if (!(atEnd instanceof Error) && atEnd.length > 0) withRows++
    }
  }
  return { differences, refusals, unjudged, compared, withRows }
}

/** Once for all, then without those that check refuses and those that read them. */
async function bindAll(
  { contracts }: Events,
  views: readonly RandomView[],
): Promise<{ plans: readonly ViewPlan[]; refusals: readonly Refusal[] }> {
  const definitions = views.map(({ name, text, options }) => {
    return view(name, { sql: textOf(text, "ours"), ...options })
  })
  const { plans, problems } = await bindProject({ events: contracts, views: definitions })
  if (problems.length === 0) return { plans, refusals: [] }
  const refusals = problems.map(({ where, code, message }) => ({ view: where, code, message }))
  const refused = new Set(problems.map(({ where }) => where))
  const rest = definitions.filter(({ name }) => !refused.has(name))
  return { plans: (await bindProject({ events: contracts, views: rest })).plans, refusals }
}

interface Expected {
  readonly halfWay: ReadonlyMap<string, readonly Row[] | Error>
  readonly atEnd: ReadonlyMap<string, readonly Row[] | Error>
}

/** What PostgreSQL is asked; of what others read it needs a view. */
function queriesOf(views: readonly RandomView[], plans: readonly ViewPlan[]) {
  const texts = new Map(views.map(({ name, text }) => [name, textOf(text, "oracle")]))
  const read = new Set(plans.flatMap((plan) => plan.views))
  return plans.map(({ name, columns }) => {
    return { name, columns, sql: texts.get(name)!, isRead: read.has(name) }
  })
}

interface Asked {
  readonly events: Events
  readonly views: readonly RandomView[]
  readonly plans: readonly ViewPlan[]
  readonly course: Course
}

async function expectedRows(oracle: PgOracle, { events, views, plans, course }: Asked): Promise<Expected> {
  const queries = queriesOf(views, plans)
  const answers = async () => {
    const rows = await oracle.answers(queries)
    return new Map(queries.map(({ name }, k) => [name, rows[k]!]))
  }
  const { epochs, lookAfter } = course
  await oracle.replaceRows(tablesOf(events, epochs.slice(0, lookAfter + 1).flat()))
  const halfWay = lookAfter < 0 ? new Map() : await answers()
  await oracle.replaceRows(tablesOf(events, epochs.flat()))
  return { halfWay, atEnd: await answers() }
}

export function tablesOf({ contracts }: Events, arrivals: readonly Arrival[]): readonly OracleTable[] {
  return contracts.map((contract) => {
    const rows = arrivals.filter(({ event }) => event === contract.name).map(({ row }) => row)
    const columns = eventColumns(contract)
    return { name: contract.name, columns, batch: batchOf(columns, rows) }
  })
}

interface Judged {
  readonly course: Course
  readonly expected: Expected
}

/** All views in one engine; one by one when that fails, to know which it is. */
function compareCourse(events: Events, plans: readonly ViewPlan[], judged: Judged): readonly Difference[] {
  try {
    return compareTogether(events, plans, judged)
  } catch (error) {
    const alone = plans.filter((plan) => plans.every(({ views }) => !views.includes(plan.name)))
    if (alone.length === 1) {
      return [{ view: alone[0]!.name, course: judged.course, reason: String((error as Error).stack) }]
    }
    return alone.flatMap((plan) => compareCourse(events, withInputs(plan, plans), judged))
  }
}

/** A plan behind those that it reads. */
export function withInputs(plan: ViewPlan, plans: readonly ViewPlan[]): readonly ViewPlan[] {
  const wanted = new Set<string>()
  const want = (name: string): void => {
    wanted.add(name)
    for (const input of plans.find((other) => other.name === name)!.views) want(input)
  }
  want(plan.name)
  return plans.filter(({ name }) => wanted.has(name))
}

function compareTogether(
  events: Events,
  plans: readonly ViewPlan[],
  { course, expected }: Judged,
): readonly Difference[] {
  const differences: Difference[] = []
  const compare = (plan: ViewPlan, when: string, rows: Expected["atEnd"], actual: readonly Row[]) => {
    const wanted = rows.get(plan.name)!
    if (wanted instanceof Error) return
    const reason = differenceOf(plan.columns, wanted, actual)
    if (reason !== null) differences.push({ view: plan.name, course, reason: `${when}: ${reason}` })
  }
  const answer = runEpochs(events.contracts, plans, {
    epochs: epochsOf(events, course.epochs),
    restoreAfter: course.restoreAfter,
    onEpoch: (index, rowsOf) => {
      if (index !== course.lookAfter) return
      for (const plan of plans.filter(({ emit }) => emit === "changes")) {
        compare(plan, "half-way", expected.halfWay, rowsOf(plan))
      }
    },
  })
  for (const plan of plans) compare(plan, "at the end", expected.atEnd, answer.rows.get(plan.name)!)
  for (const { view: name, event, offset } of answer.excluded) {
    if (expected.atEnd.get(name) instanceof Error) continue
    differences.push({ view: name, course, reason: `row ${offset} of ${event} was late or failed` })
  }
  for (const { view: name, event, offset } of answer.partly) {
    differences.push({ view: name, course, reason: `row ${offset} of ${event} came when a window was gone` })
  }
  return differences
}
