/**
 * The walls between the rooms: ARCHITECTURE.md carries the table of which room may import which, and this
 * test holds every import of src against it, types included. Also, time, disk, randomness and threads come
 * from outside: only the adapters and the outermost rooms may reach for them.
 */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { test } from "node:test"
import { type ImportTable, parseImportTable } from "./import-table.ts"
import { assertNone } from "./none-of.ts"
import { importsOf, lineAt, scanCode } from "./scan-code.ts"
import { codeFiles, ROOT } from "./source-files.ts"

const table = parseImportTable(readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8"))
const sources = codeFiles().filter(({ path }) => path.startsWith("src/"))
const isTest = (path: string): boolean => path.endsWith(".test.ts")

/**
 * Rooms that meet the outside world: adapters of the system, and what puts a process together; the host of
 * the embedded store is a process of its own.
 */
const OUTERMOST = /^src\/(std\/node|platform|cli|stores\/hot\/host)\//

/** Built-in modules without effects; anyone may use them. */
const PURE_MODULES = new Set([
  "node:path",
  "node:url",
  "node:zlib",
  "node:util",
  "node:string_decoder",
  "node:diagnostics_channel",
])

/** Exceptions, each with its reason. */
const MODULE_EXCEPTIONS: readonly (readonly [path: RegExp, modules: RegExp, reason: string])[] = [
  [/^src\/serve\//, /^node:(http|net|stream|events)$/, "serving HTTP is what the room is for"],
  [/^src\/std\/fingerprint\.ts$/, /^node:crypto$/, "a hash has no effects"],
  [/^src\/client\/node-/, /^node:/, "the client's own adapter for Node"],
]

const GLOBALS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)/g, "Clock"],
  [/\bperformance\.now\b/g, "Clock.monotonicMs"],
  [/\bMath\.random\b|\bcrypto\.(randomUUID|getRandomValues|randomBytes)\b|\brandomUUID\b/g, "Random"],
  [
    /\bprocess\.(env|argv|exit|hrtime|on|once|kill|stdout|stderr|stdin|cwd|memoryUsage|cpuUsage)\b/g,
    "an argument",
  ],
  [/\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/g, "Scheduler"],
  [/\bAtomics\b|\bnew Worker\b/g, "Channel, Process"],
  [/\bfetch\(/g, "Transport"],
]

/**
 * The client runs in other people's programs and has no adapters of ours; it keeps what it needs in one file.
 */
const GLOBAL_EXCEPTIONS = /^src\/client\/(surroundings|node-[a-z-]+)\.ts$/

test("the table in ARCHITECTURE.md names every room, and each room once", () => {
  const rooms = new Set(sources.map(({ path }) => roomOf(path)).filter((room) => room !== null))
  const missing = [...rooms].filter((room) => !table.has(room))
  assertNone(missing, "the table names every room")
})

test("rooms import only what the table allows", () => {
  const broken = sources.flatMap((source) => {
    const room = roomOf(source.path)
    return importsOf(scanCode(source.text)).flatMap(({ specifier, line }) => {
      const target = roomOfImport(source.path, specifier)
      if (isTest(source.path) && specifier.includes("/test/kit/")) return []
      return allowed(table, room, target) ? [] : [`${source.path}:${line} imports ${specifier}`]
    })
  })
  assertNone(broken, "rooms import only what the table allows")
})

test("imports of our own files exist and carry their extension", () => {
  const broken = sources.flatMap(({ path, text }) =>
    importsOf(scanCode(text))
      .filter(({ specifier }) => specifier.startsWith("."))
      .filter(({ specifier }) => !isTest(path) && !existsSync(join(ROOT, dirname(path), specifier)))
      .map(({ specifier, line }) => `${path}:${line} imports ${specifier}`),
  )
  assertNone(broken, "imports of our own files exist")
})

test("the system is reached for by adapters and the outermost rooms only", () => {
  const broken = sources
    .filter(({ path }) => !isTest(path) && !OUTERMOST.test(path))
    .flatMap(({ path, text }) =>
      importsOf(scanCode(text))
        .filter(({ specifier }) => specifier.startsWith("node:") && !PURE_MODULES.has(specifier))
        .filter(({ specifier }) => {
          return !MODULE_EXCEPTIONS.some(([paths, modules]) => paths.test(path) && modules.test(specifier))
        })
        .map(({ specifier, line }) => `${path}:${line} imports ${specifier}`),
    )
  assertNone(broken, "only adapters and the outermost rooms reach for the system")
})

test("time, randomness, timers, threads and the environment are arguments", () => {
  const broken = sources
    .filter(({ path }) => !isTest(path) && !OUTERMOST.test(path) && !GLOBAL_EXCEPTIONS.test(path))
    .flatMap(({ path, text }) => {
      const { code } = scanCode(text)
      return GLOBALS.flatMap(([pattern, instead]) =>
        [...code.matchAll(pattern)].map((match) => {
          return `${path}:${lineAt(text, match.index)} uses ${match[0]}; take ${instead} as an argument`
        }),
      )
    })
  assertNone(broken, "time, randomness, timers and threads are arguments")
})

/** The folder below src; null for src/index.ts, the package's face, which may name any room. */
function roomOf(path: string): string | null {
  const [, room, rest] = path.split("/")
  return rest === undefined ? null : room!
}

/** Null for packages and built-in modules. */
function roomOfImport(from: string, specifier: string): string | null {
  if (!specifier.startsWith(".")) return null
  const target = normalize(join(dirname(from), specifier))
  if (isTest(from) && target.startsWith("test/")) return null
  return target.startsWith("src/") ? roomOf(target) : "outside of src"
}

function allowed(rooms: ImportTable, room: string | null, target: string | null): boolean {
  if (room === null || target === null || room === target || target === "std") return true
  return rooms.get(room)?.has(target) === true
}
