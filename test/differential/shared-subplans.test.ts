/** Views that have subplans in common answer as each does by itself: rows, verdicts, after restores too. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { bindProject } from "../../src/plan/bind-project.ts"
import type { ViewPlan } from "../../src/plan/plan.ts"
import { view } from "../../src/plan/view.ts"
import { lowerViews } from "../../src/runners/embedded/lower.ts"
import { differenceOf, type Row } from "../kit/canonical.ts"
import { runEpochs, type ViewsAnswer } from "../kit/run-views.ts"
import { randomTrial, type Trial, withInputs } from "./compare-seed.ts"
import { Coverage } from "./coverage.ts"
import { epochsOf } from "./history.ts"
import { textOf } from "./sql-text.ts"

const SEEDS = 25
const QUERIES = 3

test("random views that share subplans answer as each by itself", async () => {
  let internal = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const trial = randomTrial(seed, QUERIES, new Coverage())
    const plans = await bindTwice(trial)
    const specs = lowerViews(trial.events.contracts, plans)
    internal += specs.filter((spec) => spec.kind === "view" && spec.isInternal).length
    for (const course of trial.courses.slice(0, 2)) compare(trial, plans, course, `seed ${seed}`)
  }
  assert.ok(internal > SEEDS, `${internal} subplans were shared`)
})

/** Each view, the same again, and one that reads what the first one reads through a condition. */
async function bindTwice({ events: { contracts }, views }: Trial): Promise<readonly ViewPlan[]> {
  const definitions = views.flatMap(({ name, text, options }) => {
    const sql = textOf(text, "ours")
    return [
      view(name, { sql, ...options }),
      view(`${name}_again`, { sql, ...options }),
      view(`${name}_part`, { sql: `SELECT * FROM (${sql}) AS q WHERE 1 + length('a') = 2`, ...options }),
    ]
  })
  const first = await bindProject({ events: contracts, views: definitions })
  const refused = new Set(first.problems.map(({ where }) => where))
  const rest = definitions.filter(({ name }) => !refused.has(name))
  return (await bindProject({ events: contracts, views: rest })).plans
}

function compare(
  { events }: Trial,
  plans: readonly ViewPlan[],
  course: Trial["courses"][number],
  where: string,
): void {
  const answer = (some: readonly ViewPlan[]) => {
    const behind: ReadonlyMap<string, readonly Row[]>[] = []
    const { restoreAfter } = course
    const epochs = epochsOf(events, course.epochs)
    const onEpoch = (_: number, rowsOf: (plan: ViewPlan) => readonly Row[]) => {
      behind.push(new Map(some.map((plan) => [plan.name, rowsOf(plan)])))
    }
    return { ...runEpochs(events.contracts, some, { epochs, restoreAfter, onEpoch }), behind }
  }
  const together = answer(plans)
  for (const plan of plans) {
    const alone = answer(withInputs(plan, plans))
    const steps = [...alone.behind, alone.rows].map((rows) => rows.get(plan.name)!)
    const shared = [...together.behind, together.rows].map((rows) => rows.get(plan.name)!)
    for (const [k, rows] of steps.entries()) {
      assert.equal(differenceOf(plan.columns, rows, shared[k]!), null, `${where}, ${plan.name}, epoch ${k}`)
    }
    assert.deepEqual(rulingsOn(plan, together), rulingsOn(plan, alone), `${where}, ${plan.name}`)
  }
}

function rulingsOn({ name }: ViewPlan, { excluded, partly }: ViewsAnswer) {
  const ofView = <Ruling extends { readonly view: string }>(rulings: readonly Ruling[]) =>
    rulings.filter(({ view: ruled }) => ruled === name)
  return { excluded: ofView(excluded), partly: ofView(partly) }
}
