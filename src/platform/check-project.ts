/** Everything that can be known about a project without running it: what `millrace check` shows. */
import { readFileSync } from "node:fs"
import { typeName } from "../columns/types.ts"
import type { LockChange } from "../contracts/lock.ts"
import { bindProject } from "../plan/bind-project.ts"
import { embeddedOnly } from "../plan/pattern/match-recognize.ts"
import type { Problem } from "../plan/plan.ts"
import { placeAt } from "../plan/sql/places.ts"
import type { LoadedProject } from "./load-project.ts"
import { loadProject } from "./load-project.ts"
import { compareLock, writeProjectLock } from "./project-lock.ts"

export interface CheckedColumn {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
}

export interface CheckedEvent {
  readonly name: string
  readonly file: string | null
  readonly fingerprint: string
  readonly fields: readonly CheckedColumn[]
}

export interface CheckedView {
  readonly name: string
  readonly file: string | null
  readonly fingerprint: string
  readonly columns: readonly CheckedColumn[]
  /** Null: rows are told apart by all columns. */
  readonly key: readonly string[] | null
  readonly emit: string
  /** What of it only the embedded engine can do; empty where SQL says the same. */
  readonly embeddedOnly: readonly string[]
  /** Events and views that it reads. */
  readonly reads: readonly string[]
}

export interface ProjectCheck {
  readonly project: string
  readonly directory: string
  readonly events: readonly CheckedEvent[]
  /** Views that could be bound. */
  readonly views: readonly CheckedView[]
  readonly problems: readonly Problem[]
  readonly lock: {
    /** unknown: with problems in the project it is not compared. */
    readonly state: "unknown" | "missing" | "same" | "behind" | "incompatible" | "written"
    readonly changes: readonly LockChange[]
  }
}

/**
 * Loads and binds the project in `directory`, and compares it with its lock file; with `writeLock` compatible
 * changes are taken into the lock.
 * @throws PlatformError project-not-found, project-too-large, invalid-lock
 */
export async function checkProject(
  directory: string,
  options: { readonly writeLock: boolean },
): Promise<ProjectCheck> {
  const project = await loadProject(directory)
  const { plans, problems } = await bindProject(project)
  const found = [...project.problems, ...problems]
  const comparison = found.length > 0 ? null : compareLock(project.directory, project.events, plans)
  const write = options.writeLock && (comparison?.state === "missing" || comparison?.state === "behind")
  if (write) writeProjectLock(project.directory, comparison.next)
  const columns = (
    list: readonly { name: string; type: Parameters<typeof typeName>[0]; nullable: boolean }[],
  ) => list.map(({ name, type, nullable }) => ({ name, type: typeName(type), nullable }))
  return {
    project: project.name,
    directory: project.directory,
    events: project.events.map(({ name, fields, fingerprint }) => {
      return { name, file: fileOf(project, "event", name), fingerprint, fields: columns(fields) }
    }),
    views: plans.map((plan) => ({
      name: plan.name,
      file: fileOf(project, "view", plan.name),
      fingerprint: plan.fingerprint,
      columns: columns(plan.columns),
      key: plan.key?.map((position) => plan.columns[position]!.name) ?? null,
      emit: plan.emit,
      embeddedOnly: embeddedOnly(plan),
      reads: [...plan.events, ...plan.views],
    })),
    problems: [...found, ...(comparison?.problems ?? [])].map((problem) => placed(project, problem)),
    lock: { state: write ? "written" : (comparison?.state ?? "unknown"), changes: comparison?.changes ?? [] },
  }
}

function fileOf(project: LoadedProject, kind: "event" | "view", name: string): string | null {
  return project.definedIn.get(`${kind} ${name}`) ?? null
}

/** A problem of a definition as a whole gets the place where the definition is written. */
function placed(project: LoadedProject, problem: Problem): Problem {
  const { where } = problem
  const file = problem.file ?? fileOf(project, "event", where) ?? fileOf(project, "view", where)
  if (file === null || problem.line !== null) return problem
  const text = readFileSync(file, "utf8")
  const start = text.search(new RegExp(`\\b(?:event|view|pattern|process)\\s*\\(\\s*["'\`]${where}["'\`]`))
  return { ...problem, file, ...(start < 0 ? {} : placeAt(text, start)) }
}
