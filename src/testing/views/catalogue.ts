/**
 * All views that simulated projects are drawn from, bound once a process, and the draw: a handful of them
 * with what they read, in three versions, so that a change of the project and its taking back can be played.
 */
import { bindProject } from "../../plan/bind-project.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import { assert } from "../../std/assert.ts"
import type { Random } from "../../std/random.ts"
import { CONTRACTS } from "../runtime-project.ts"
import { GROUPS } from "./groups.ts"
import { JOINS } from "./joins.ts"
import { LAYERS } from "./layers.ts"
import { RANKS } from "./ranks.ts"
import { SEQUENCES } from "./sequences.ts"
import type { OperatorKind, SimView } from "./sim-view.ts"

const VIEWS: readonly SimView[] = [...GROUPS, ...JOINS, ...RANKS, ...SEQUENCES, ...LAYERS]
const BY_NAME = new Map(VIEWS.map((view) => [view.name, view]))
/** Views that a seed draws; those that they read come on top. */
const [LEAST_DRAWN, MOST_DRAWN] = [3, 5]

export type ProjectVersion = readonly ViewPlan[]

export function simViewOf(name: string): SimView {
  const view = BY_NAME.get(name)
  assert(view !== undefined, `the view ${name} is in the catalogue`)
  return view
}

/** Of all versions, each once and behind what it reads. */
export function viewsOf(versions: readonly ProjectVersion[]): readonly SimView[] {
  const names = new Set(versions.flat().map(({ name }) => name))
  const inOrder: SimView[] = []
  const add = (view: SimView) => {
    if (inOrder.includes(view)) return
    for (const name of view.reads) add(simViewOf(name))
    inOrder.push(view)
  }
  for (const name of names) add(simViewOf(name))
  return inOrder
}

export function operatorsOf(version: ProjectVersion): readonly OperatorKind[] {
  return [...new Set(version.flatMap(({ name }) => simViewOf(name).operators))].sort()
}

/**
 * @param plans of all views
 * @param always views that are in each version
 */
export function drawVersions(
  random: Random,
  plans: readonly ViewPlan[],
  always: readonly string[],
): readonly ProjectVersion[] {
  const count = LEAST_DRAWN + random.below(MOST_DRAWN - LEAST_DRAWN + 1)
  const drawn = Array.from({ length: count + 1 }, () => VIEWS[random.below(VIEWS.length)]!.name)
  const base = [...always, ...drawn.slice(0, count)]
  const versions = [base, [...base, ...drawn.slice(count)], [...always, ...drawn.slice(1, count)]]
  return versions.map((names) => {
    const all = withReads(names)
    return plans.filter(({ name }) => all.has(name))
  })
}

function withReads(names: readonly string[], all = new Set<string>()): Set<string> {
  for (const name of names) {
    if (all.has(name)) continue
    const { reads, brings } = simViewOf(name)
    all.add(name)
    withReads([...reads, ...brings], all)
  }
  return all
}

let bound: Promise<readonly ViewPlan[]> | undefined

/** The plans of all views, in dependency order, bound at the first call. */
export function boundViews(): Promise<readonly ViewPlan[]> {
  bound ??= bindViews()
  return bound
}

async function bindViews(): Promise<readonly ViewPlan[]> {
  const views = VIEWS.flatMap(({ definition }) => (definition === null ? [] : [definition]))
  const { plans, problems } = await bindProject({ events: CONTRACTS, views })
  assert(problems.length === 0, problems.map(({ where, message }) => `${where}: ${message}`).join("; "))
  return plans
}
