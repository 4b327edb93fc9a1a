/**
 * Turns what went wrong while a project's module was imported into a Problem with file, line and column. Node
 * says the place in three ways: a code frame at the head of a SyntaxError's stack, a frame of the stack, or
 * only the specifier that it could not find, which is then looked up in the module's text.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { dirname, relative, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import type { Problem } from "../plan/plan.ts"
import { isPlatformError } from "../std/errors.ts"

const ONLY_ENTRIES = 'a project imports from "millrace" and "millrace/client"'

export interface FailedImport {
  /** Real path of the project's folder. */
  readonly directory: string
  /** The module whose import failed; the fault may lie in one that it imports. */
  readonly file: string
  readonly error: unknown
}

/** What a module can do wrong: not be importable, or throw while it is imported. */
const MODULE_CODES = ["module-not-loaded", "module-failed"] as const

interface Place {
  readonly file: string
  readonly line: number | null
  readonly column: number | null
}

export function moduleProblem(failure: FailedImport): Problem {
  const { error, directory } = failure
  const message = error instanceof Error ? error.message : `the module threw ${String(error)}`
  const place = placeOf(failure)
  const [notLoaded, failed] = MODULE_CODES
  const code = isPlatformError(error) ? error.code : codeOf(error) === null ? failed : notLoaded
  const where = relative(directory, place.file)
  return {
    code,
    message: plain(message, directory),
    suggestion: suggestionFor(error, place.file),
    where,
    ...place,
  }
}

/** Node's own code (ERR_…), "SyntaxError", or null for what the module's code threw while it ran. */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if ("code" in error && typeof error.code === "string" && error.code.startsWith("ERR_")) return error.code
  return error instanceof SyntaxError ? "SyntaxError" : null
}

function placeOf({ directory, file, error }: FailedImport): Place {
  const stack = error instanceof Error ? (error.stack ?? "") : ""
  const frame = codeFrame(stack)
  if (frame !== null) return frame
  const missing = missingImport(error)
  if (missing !== null)
    return { file: missing.importer, ...findSpecifier(missing.importer, missing.specifier) }
  const prefix = `${pathToFileURL(directory).href}/`
  for (const match of stack.matchAll(/(file:\/\/[^\s()]+):(\d+):(\d+)/g)) {
    const [, url = "", line, column] = match
    if (url.startsWith(prefix) && !url.includes("/node_modules/")) {
      return { file: fileURLToPath(url), line: Number(line), column: Number(column) }
    }
  }
  return (error instanceof SyntaxError ? checkedAlone(file) : null) ?? { file, line: null, column: null }
}

/**
 * V8 keeps the place of an early error, such as a name declared twice, from us, but prints it when Node ends.
 */
function checkedAlone(file: string): Place | null {
  return codeFrame(spawnSync(process.execPath, ["--check", file], { encoding: "utf8" }).stderr)
}

/**
 * "file:///p/a.ts:2\n<source>\n    ^^^" at the head of the stack; Node's own check writes a path for the URL.
 */
function codeFrame(stack: string): Place | null {
  const head = /^(file:\/\/\S+|\/.+|[A-Z]:\\.+):(\d+)\n/.exec(stack)
  if (head === null) return null
  const carets = /^( *)\^/m.exec(stack)
  return {
    file: head[1]!.startsWith("file:") ? fileURLToPath(head[1]!) : head[1]!,
    line: Number(head[2]),
    column: carets === null ? null : carets[1]!.length + 1,
  }
}

interface MissingImport {
  /** As Node names it: a package, or the path of the file that was looked for. */
  readonly target: string
  readonly importer: string
  /** As the importer wrote it, when it can be told. */
  readonly specifier: string
  readonly relative: boolean
}

function missingImport(error: unknown): MissingImport | null {
  if (codeOf(error) !== "ERR_MODULE_NOT_FOUND" || !(error instanceof Error)) return null
  const match = /^Cannot find (package|module) '(.+?)' imported from (.+)$/m.exec(error.message)
  if (match === null) return null
  const [, kind, target = "", importer = ""] = match
  if (kind === "package") return { target, importer, specifier: target, relative: false }
  const path = relative(dirname(importer), target)
  return { target, importer, specifier: path.startsWith(".") ? path : `./${path}`, relative: true }
}

function findSpecifier(file: string, specifier: string): { line: number | null; column: number | null } {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : []
  for (const [index, line] of lines.entries()) {
    const column = Math.max(line.indexOf(`"${specifier}`), line.indexOf(`'${specifier}`))
    if (column >= 0) return { line: index + 1, column: column + 1 }
  }
  return { line: null, column: null }
}

function suggestionFor(error: unknown, file: string): string | null {
  const missing = missingImport(error)
  if (missing !== null) return suggestImport(missing)
  const message = error instanceof Error ? error.message : ""
  switch (codeOf(error)) {
    case "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
      return "write TypeScript whose types can be erased: a const object or a union of strings, not an enum"
    case "ERR_PACKAGE_PATH_NOT_EXPORTED":
      return ONLY_ENTRIES
    case "SyntaxError":
      return /does not provide an export named/.test(message)
        ? `export it there, or write "import type" in ${file.split("/").at(-1)} if it is only a type`
        : null
    default:
      return null
  }
}

function suggestImport({ target, importer, specifier, relative: isRelative }: MissingImport): string {
  if (target === "millrace") return ONLY_ENTRIES
  if (!isRelative) return `install it in the project (npm install ${target}), or do without it`
  const stem = specifier.replace(/\.m?js$/, "")
  const found = [`${stem}.ts`, `${stem}.mts`, `${stem}/index.ts`].find((candidate) => {
    return existsSync(resolve(dirname(importer), candidate))
  })
  return found === undefined ? "check the path; it is relative to the module" : `write "${found}"`
}

/** Messages of Node carry absolute paths; inside the project they read better without. */
function plain(message: string, directory: string): string {
  return message.replaceAll(`${directory}/`, "").replaceAll(/ imported from \S+$/gm, "")
}
