/**
 * All events and views of a project -> the plan of every view, in an order in which each comes after what it
 * reads, and every problem found. Views are bound when they are first read, so a circle shows as a view that
 * is read while it is being bound.
 */
import type { SelectStmt } from "libpg-query"
import type { EventContract } from "../contracts/contract.ts"
import { assert } from "../std/assert.ts"
import type { ReadSource } from "./bind/bind-view.ts"
import { bindView } from "./bind/bind-view.ts"
import type { Catalog } from "./bind/context.ts"
import type { Finding } from "./errors.ts"
import { Abandoned, findings, Refused } from "./errors.ts"
import { sideOf } from "./nodes/process.ts"
import { scanEvent, scanView } from "./nodes/scan.ts"
import { bindPattern } from "./pattern/bind-pattern.ts"
import type { PlanNode, Problem, ViewPlan } from "./plan.ts"
import { bindProcess, sideViews } from "./process/bind-process.ts"
import { loadParser, parseSelect } from "./sql/parse.ts"
import { locateDefinition, locateInModule, locateText, offsetOfByte, placeAt } from "./sql/places.ts"
import type { ViewDefinition } from "./view.ts"

export interface Project {
  readonly events: readonly EventContract[]
  readonly views: readonly ViewDefinition[]
}

export interface BoundProject {
  /** In dependency order. Views with problems may be missing; do not run any while there are problems. */
  readonly plans: readonly ViewPlan[]
  readonly problems: readonly Problem[]
}

export async function bindProject(project: Project): Promise<BoundProject> {
  await loadParser()
  return new ProjectBinder(project).bind()
}

class ProjectBinder {
  readonly #project: Project
  readonly #events = new Map<string, EventContract>()
  readonly #views = new Map<string, ViewDefinition>()
  readonly #selects = new Map<string, SelectStmt>()
  /** null: has problems. Absent: not looked at yet. */
  readonly #plans = new Map<string, ViewPlan | null>()
  /** Views being bound at the moment, outermost first. */
  readonly #open: string[] = []
  /** Views on a circle, which is reported once. */
  readonly #circular = new Set<string>()
  readonly #problems: Problem[] = []

  constructor({ events, views }: Project) {
    this.#project = { events, views: views.flatMap((view) => [view, ...sideViews(view)]) }
  }

  bind(): BoundProject {
    this.#takeNames()
    for (const view of this.#views.values()) if (isSql(view)) this.#parse(view)
    for (const name of this.#views.keys()) this.#planOf(name)
    const plans = [...this.#plans.values()].filter((plan) => plan !== null)
    const order = new Map(this.#project.views.map((view, i) => [view.name, i]))
    const place = (problem: Problem) => order.get(problem.where) ?? -1
    const problems = this.#problems.toSorted(
      (a, b) => place(a) - place(b) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
    )
    return { plans, problems }
  }

  #takeNames(): void {
    const { events, views } = this.#project
    const taken = new Map<string, string>()
    const take = (name: string, kind: string): boolean => {
      const earlier = taken.get(name)
      if (earlier === undefined) taken.set(name, kind)
      else this.#report(name, findings.duplicateName(name, `${earlier} and ${kind}`), null)
      return earlier === undefined
    }
    for (const event of events) if (take(event.name, "event")) this.#events.set(event.name, event)
    for (const view of views) if (take(view.name, "view")) this.#views.set(view.name, view)
  }

  #parse(view: ViewDefinition): void {
    const parsed = parseSelect(view.sql)
    if (parsed.ok) this.#selects.set(view.name, parsed.select)
    else {
      this.#plans.set(view.name, null)
      this.#report(view.name, parsed.finding, parsed.offset)
    }
  }

  #planOf(name: string): ViewPlan | null {
    const known = this.#plans.get(name)
    if (known !== undefined) return known
    const definition = this.#views.get(name)!
    const reads = new Map<string, ReadSource>()
    this.#open.push(name)
    const catalog = {
      scan: (source: string, byte: number | null, side?: number) => this.#scan(source, byte, reads, side),
      names: [...this.#events.keys(), ...this.#views.keys()].filter((other) => other !== name),
    }
    const plan = this.#bind(definition, catalog, reads)
    this.#open.pop()
    this.#plans.set(name, plan)
    return plan
  }

  #bind(definition: ViewDefinition, catalog: Catalog, reads: Map<string, ReadSource>): ViewPlan | null {
    const { name, pattern, process } = definition
    const contractOf = (source: string) => this.#events.get(source) ?? null
    if (process !== null) {
      const contract = contractOf(process.definition.from)
      const report = (finding: Finding) => this.#report(name, finding, null)
      return bindProcess({ definition, process, catalog, reads, contract, report })
    }
    if (pattern !== null) {
      const contract = contractOf(pattern.from)
      return bindPattern({
        ...{ definition, pattern, catalog, reads, contract },
        report: (finding, offset, text) => this.#report(name, finding, offset, text),
      })
    }
    return bindView({
      ...{ definition, catalog, reads },
      select: this.#selects.get(name)!,
      report: (finding, byte) =>
        this.#report(name, finding, byte === null ? null : offsetOfByte(definition.sql, byte)),
    })
  }

  #scan(
    name: string,
    byte: number | null,
    reads: Map<string, ReadSource>,
    side: number | undefined,
  ): PlanNode | null {
    const event = this.#events.get(name)
    if (event !== undefined) {
      reads.set(name, { source: "event", fingerprint: event.fingerprint, allowedLatenessMs: 0 })
      return scanEvent(event)
    }
    if (!this.#views.has(name)) return null
    const circle = this.#open.indexOf(name)
    if (circle >= 0) {
      const path = this.#open.slice(circle)
      for (const view of path) this.#circular.add(view)
      throw new Refused(findings.viewCycle([...path, name]), byte)
    }
    const plan = this.#planOf(name)
    if (plan === null) throw this.#cannotRead(name, byte)
    const { fingerprint, allowedLatenessMs } = plan
    reads.set(name, { source: "view", fingerprint, allowedLatenessMs })
    if (side === undefined) return scanView(plan)
    assert(plan.root.kind === "process", "only a process has side outputs")
    return sideOf(plan.root, side)
  }

  /** A circle is reported once, where it closes; the views on it are not blamed for each other again. */
  #cannotRead(name: string, byte: number | null): Error {
    const reader = this.#open.at(-1)!
    if (this.#circular.has(reader) && this.#circular.has(name))
      return new Abandoned("the circle was reported")
    const finding = findings.dependsOnProblem(name)
    const told = this.#problems.some(({ where, message }) => where === reader && message === finding.message)
    return told ? new Abandoned("it was reported") : new Refused(finding, byte)
  }

  /** @param text what `offset` is in. @default the view's SQL */
  #report(where: string, { code, message, suggestion }: Finding, offset: number | null, text?: string): void {
    const view = this.#views.get(where)
    const { file, line, column } = this.#locate(view, offset, text ?? view?.sql ?? "")
    this.#problems.push({
      code,
      message,
      suggestion,
      where,
      file,
      line,
      column,
    })
  }

  /** In the view's module where it can be found there, else in the SQL text. */
  #locate(
    view: ViewDefinition | undefined,
    offset: number | null,
    text: string,
  ): Pick<Problem, "file" | "line" | "column"> {
    const module = view?.module ?? null
    if (view !== undefined && module !== null) {
      const place =
        offset === null
          ? locateDefinition(module.text, view.name)
          : isSql(view)
            ? locateInModule(module.text, text, offset, view.name)
            : locateText(module.text, text, offset, view.name)
      if (place !== null) return { file: module.path, ...place }
    }
    if (view === undefined || offset === null) return { file: module?.path ?? null, line: null, column: null }
    return { file: null, ...placeAt(text, offset) }
  }
}

/** Its `sql` is what it is, and not for people to read only. */
const isSql = ({ pattern, process }: ViewDefinition): boolean => pattern === null && process === null
