/**
 * Reads a user's project: imports millrace.config.ts and every TypeScript module of the folder, and collects
 * the definitions that they export. A module that cannot be imported is a problem with its place; the others
 * still load, so one run of `millrace check` names everything that is wrong.
 */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type { EventContract } from "../contracts/contract.ts"
import type { Problem } from "../plan/plan.ts"
import type { SourceModule, ViewDefinition } from "../plan/view.ts"
import { viewInModule } from "../plan/view.ts"
import { defaultConfig, type ProjectConfig } from "./config.ts"
import { moduleProblem } from "./module-problem.ts"
import { projectNotFound } from "./project-errors.ts"
import { CONFIG_FILE, projectModules } from "./project-files.ts"
import { resolveProjectImports } from "./resolve-hook.ts"

export interface LoadedProject {
  readonly name: string
  /** Real path of the folder. */
  readonly directory: string
  readonly config: ProjectConfig
  readonly events: readonly EventContract[]
  /** Each knows the module that it was found in. */
  readonly views: readonly ViewDefinition[]
  /** The modules that were imported, as absolute paths. */
  readonly files: readonly string[]
  /** File in which a definition was found, by "event NAME" and "view NAME". */
  readonly definedIn: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
}

/** Deep enough to reach from a factory's inside to the line of the project that called it. */
const STACK_FRAMES = 50

/** @throws PlatformError project-not-found, project-too-large */
export async function loadProject(directory: string): Promise<LoadedProject> {
  const folder = realDirectory(directory)
  const modules = projectModules(folder)
  resolveProjectImports(`${pathToFileURL(folder).href}/`)
  const problems: Problem[] = []
  const found = new Definitions()
  const stackFrames = Error.stackTraceLimit
  Error.stackTraceLimit = STACK_FRAMES
  try {
    const config = await loadConfig(folder, problems)
    for (const file of modules) {
      const exported = await importModule(folder, file, problems)
      if (exported !== null) found.collect(file, exported)
    }
    return {
      name: config.name,
      directory: folder,
      config,
      ...found.collected(),
      files: modules,
      problems: distinct(problems),
    }
  } finally {
    Error.stackTraceLimit = stackFrames
  }
}

function realDirectory(directory: string): string {
  const path = resolve(directory)
  if (!existsSync(path)) throw projectNotFound(path, "there is no such folder")
  if (!statSync(path).isDirectory())
    throw projectNotFound(path, "it is a file; give the folder that it is in")
  if (existsSync(join(path, CONFIG_FILE))) return realpathSync(path)
  throw projectNotFound(
    path,
    `it has no ${CONFIG_FILE}. Create one with: import { defineConfig } from "millrace"; ` +
      `export default defineConfig({ name: "${basename(path)}" })`,
  )
}

/** The config, or the one of a project that has only a name where it cannot be read. */
async function loadConfig(folder: string, problems: Problem[]): Promise<ProjectConfig> {
  const file = join(folder, CONFIG_FILE)
  const exported = await importModule(folder, file, problems)
  const config = exported === null ? null : [exported["default"], ...Object.values(exported)].find(isConfig)
  if (config !== undefined && config !== null) return config
  if (exported !== null) {
    problems.push({
      code: "invalid-config",
      message: `${CONFIG_FILE} exports no config`,
      suggestion: `write: export default defineConfig({ name: "${basename(folder)}" })`,
      where: CONFIG_FILE,
      file,
      line: 1,
      column: 1,
    })
  }
  return defaultConfig(basename(folder))
}

async function importModule(
  directory: string,
  file: string,
  problems: Problem[],
): Promise<Record<string, unknown> | null> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    problems.push(moduleProblem({ directory, file, error }))
    return null
  }
}

/** What the modules export, each definition once, however often it is exported again. */
class Definitions {
  readonly #files = new Map<EventContract | ViewDefinition, string[]>()

  collect(file: string, exported: Readonly<Record<string, unknown>>): void {
    for (const value of Object.values(exported)) {
      if (!isDefinition<EventContract>(value, "event") && !isDefinition<ViewDefinition>(value, "view"))
        continue
      const files = this.#files.get(value)
      if (files === undefined) this.#files.set(value, [file])
      else files.push(file)
    }
  }

  collected(): Pick<LoadedProject, "events" | "views" | "definedIn"> {
    const events: EventContract[] = []
    const views: ViewDefinition[] = []
    const definedIn = new Map<string, string>()
    for (const [definition, files] of this.#files) {
      const module = definingModule(definition.name, files)
      definedIn.set(`${definition.kind} ${definition.name}`, module.path)
      if (definition.kind === "event") events.push(definition)
      else views.push(viewInModule(definition, module))
    }
    return { events, views, definedIn }
  }
}

/** Of the modules that export a definition, the one that spells its name; else the first. */
function definingModule(name: string, files: readonly string[]): SourceModule {
  const modules = files.map((path) => ({ path, text: readFileSync(path, "utf8") }))
  const spelled = [`"${name}"`, `'${name}'`, `\`${name}\``]
  return modules.find(({ text }) => spelled.some((quoted) => text.includes(quoted))) ?? modules[0]!
}

/** A fault in a module is found again by every module that imports it. */
function distinct(problems: readonly Problem[]): Problem[] {
  const known = new Set<string>()
  return problems.filter(({ message, file, line }) => {
    const text = JSON.stringify([message, file, line])
    return !known.has(text) && known.add(text)
  })
}

function isConfig(value: unknown): value is ProjectConfig {
  return isDefinition<ProjectConfig>(value, "config")
}

/**
 * Definitions are told by their kind, not by their class: a project may hold a second copy of this package.
 */
function isDefinition<Definition>(value: unknown, kind: string): value is Definition {
  return (
    typeof value === "object" && value !== null && "kind" in value && value.kind === kind && "name" in value
  )
}
