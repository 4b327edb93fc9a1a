/**
 * All views that simulated projects are drawn from, bound once a process, and the draw: a handful of them
 * with what they read, in versions with other views or a wider event, so that a change of the project and its
 * taking back can be played.
 */
import type { EventContract } from "../../contracts/contract.ts"
import { bindProject } from "../../plan/bind-project.ts"
import type { ViewPlan } from "../../plan/plan.ts"
import type { ViewDefinition } from "../../plan/view.ts"
import { assert } from "../../std/assert.ts"
import type { Random } from "../../std/random.ts"
import { CONTRACTS, WIDER_CONTRACTS } from "../runtime-project.ts"
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

export interface ProjectVersion {
  readonly contracts: readonly EventContract[]
  readonly plans: readonly ViewPlan[]
}

export function simViewOf(name: string): SimView {
  const view = BY_NAME.get(name)
  assert(view !== undefined, `the view ${name} is in the catalogue`)
  return view
}

/** Of all versions, each once and behind what it reads. */
export function viewsOf(versions: readonly ProjectVersion[]): readonly SimView[] {
  const names = new Set(versions.flatMap(({ plans }) => plans.map(({ name }) => name)))
  const inOrder: SimView[] = []
  const add = (view: SimView) => {
    if (inOrder.includes(view)) return
    for (const name of view.reads) add(simViewOf(name))
    inOrder.push(view)
  }
  for (const name of names) add(simViewOf(name))
  return inOrder
}

export function operatorsOf({ plans }: ProjectVersion): readonly OperatorKind[] {
  return [...new Set(plans.flatMap(({ name }) => simViewOf(name).operators))].sort()
}

/**
 * @param all of all views: over the events as they are, over those with a wider one, and with steps behind
 * @param always views that are in each version
 */
export function drawVersions(
  random: Random,
  [narrow, wide, longer]: AllVersions,
  always: readonly string[],
): readonly ProjectVersion[] {
  const count = LEAST_DRAWN + random.below(MOST_DRAWN - LEAST_DRAWN + 1)
  const drawn = Array.from({ length: count + 1 }, () => VIEWS[random.below(VIEWS.length)]!.name)
  const base = [...always, ...drawn.slice(0, count)]
  const some = ({ contracts, plans }: ProjectVersion, names: readonly string[]) => {
    const all = withReads(names)
    return { contracts, plans: plans.filter(({ name }) => all.has(name)) }
  }
  return [
    some(narrow, base),
    some(narrow, [...base, ...drawn.slice(count)]),
    some(narrow, [...always, ...drawn.slice(1, count)]),
    some(wide, base),
    some(longer, base),
  ]
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

type AllVersions = readonly [narrow: ProjectVersion, wide: ProjectVersion, longer: ProjectVersion]

let bound: Promise<AllVersions> | undefined

/** All views, in dependency order, bound at the first call. */
export function boundViews(): Promise<AllVersions> {
  bound ??= Promise.all([
    bindViews(CONTRACTS, ({ definition }) => definition),
    bindViews(WIDER_CONTRACTS, ({ definition }) => definition),
    bindViews(CONTRACTS, ({ definition, longer }) => longer ?? definition),
  ])
  return bound
}

async function bindViews(
  contracts: readonly EventContract[],
  definitionOf: (view: SimView) => ViewDefinition | null,
): Promise<ProjectVersion> {
  const views = VIEWS.flatMap((view) => definitionOf(view) ?? [])
  const { plans, problems } = await bindProject({ events: contracts, views })
  assert(problems.length === 0, problems.map(({ where, message }) => `${where}: ${message}`).join("; "))
  return { contracts, plans }
}
