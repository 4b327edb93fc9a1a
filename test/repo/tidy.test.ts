/**
 * The rules of the house that a machine can check (CONTRIBUTING.md says why they are there). Each test lists
 * every place that breaks its rule, as file:line.
 */
import { existsSync, readdirSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { test } from "node:test"
import { functionLengths } from "./function-lengths.ts"
import { assertNone } from "./none-of.ts"
import { lineAt, scanCode } from "./scan-code.ts"
import { codeFiles, ROOT, sourceFiles } from "./source-files.ts"

const MAX_LINE = 110
const MAX_FILE_LINES = 400
const MAX_FUNCTION_LINES = 70
const MAX_DEPTH = 3

const FILE_NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|d|config|page))?\.(ts|tsx|mjs|css|html)$/
const EMPTY_NAMES = new Set(["util", "utils", "helper", "helpers", "common", "misc", "manager"])
/** Tools want these to have a default export. */
const DEFAULT_EXPORT_FILES = /(^|\/)[a-z-]+\.config\.ts$/
const UNFINISHED = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].join("|")})\\b`)
/** The project speaks of itself only, not of the workshop where it is made. */
const WORKSHOP = new RegExp(
  [
    `/${"work"}/(main|wt|shared)\\b`,
    `\\b${"issues"} show\\b`,
    `\\b${"issue"} (#|no\\.? ?)?\\d`,
    `\\b(${["cla" + "ude", "anthro" + "pic", "open" + "ai", "chat" + "gpt", "co" + "pilot"].join("|")})\\b`,
    `\\b(language ${"model"}|AI ${"assistant"}|coding ${"agent"})s?\\b`,
    `\\bregistry\\.(npm|yarn)`,
  ].join("|"),
  "i",
)

const scannable = () => codeFiles().filter(({ path }) => !path.endsWith(".tsx"))

test("lines are at most 110 characters long", () => {
  const styles = sourceFiles().filter(({ path }) => path.endsWith(".css"))
  const long = [...codeFiles().filter(({ path }) => !path.startsWith("test/fixtures/")), ...styles]
  assertNone(
    long.flatMap(({ path, text }) =>
      text.split("\n").flatMap((line, index) => (line.length > MAX_LINE ? [`${path}:${index + 1}`] : [])),
    ),
    "lines are at most 110 characters long",
  )
})

test("files have at most 400 lines and functions at most 70", () => {
  const files = codeFiles().flatMap(({ path, text }) => {
    const lines = text.trimEnd().split("\n").length
    return lines > MAX_FILE_LINES ? [`${path} has ${lines} lines`] : []
  })
  const functions = scannable().flatMap(({ path, text }) =>
    functionLengths(scanCode(text))
      .filter(({ lines, isSuite }) => lines > MAX_FUNCTION_LINES && !isSuite)
      .map(({ line, lines }) => `${path}:${line} is a function of ${lines} lines`),
  )
  assertNone([...files, ...functions], "files have at most 400 lines and functions at most 70")
})

test("every file begins with a comment that says what it is", () => {
  const bare = codeFiles().filter(({ path, text }) => {
    return !/\.(test|config)\.ts$/.test(path) && !/^(#!.*\n)?\s*(\/\*\*|\/\/)/.test(text)
  })
  assertNone(
    bare.map(({ path }) => path),
    "every file begins with a comment that says what it is",
  )
})

test("names are kebab-case and say what is in the file", () => {
  const code = sourceFiles().filter(({ path }) => /^(src|test|bench|scripts|examples|studio)\//.test(path))
  assertNone(
    code
      .filter(({ path }) => /\.(ts|tsx|mjs|css)$/.test(path))
      .filter(({ path }) => {
        const words = path.split(/[/.-]/)
        return !FILE_NAME.test(path.split("/").at(-1)!) || words.some((word) => EMPTY_NAMES.has(word))
      })
      .map(({ path }) => path),
    "names are kebab-case and say what is in the file",
  )
})

test("folders below src are at most three deep", () => {
  assertNone(
    codeFiles()
      .map(({ path }) => path)
      .filter((path) => path.startsWith("src/") && path.split("/").length - 2 > MAX_DEPTH),
    "folders below src are at most three deep",
  )
})

test("no any, no default export, no star export, no swallowed error", () => {
  const rules: [what: RegExp, name: string, exempt: RegExp | null][] = [
    [/(?:[:<,(|&]|\bas)\s*any\b(?!\s*[:(=])|\bany\[\]/g, "any", null],
    [/\bexport\s+default\b/g, "default export", DEFAULT_EXPORT_FILES],
    [/\bexport\s*\*/g, "star export", null],
  ]
  const found = scannable().flatMap(({ path, text }) => {
    const { code } = scanCode(text)
    const broken = rules.flatMap(([what, name, exempt]) => {
      if (exempt?.test(path)) return []
      return [...code.matchAll(what)].map((match) => `${path}:${lineAt(text, match.index)} ${name}`)
    })
    const swallowed = [...text.matchAll(/\bcatch\s*(\([^)]*\))?\s*\{\s*\}/g)]
      .filter(({ index }) => code.startsWith("catch", index))
      .map(({ index }) => `${path}:${lineAt(text, index)} an error is dropped without a reason`)
    return [...broken, ...swallowed]
  })
  assertNone(found, "no any, no default export, no star export, no swallowed error")
})

test("an index.ts only exports names", () => {
  const found = scannable().filter(({ path, text }) => {
    if (!path.startsWith("src/") || !path.endsWith("/index.ts")) return false
    const rest = scanCode(text).code.replaceAll(/export\s+(type\s+)?\{[^}]*\}\s*from\s*"\s*"/g, "")
    return rest.trim() !== ""
  })
  assertNone(
    found.map(({ path }) => path),
    "an index.ts only exports names",
  )
})

test("nothing is unfinished, and nothing speaks of the workshop", () => {
  assertNone(
    sourceFiles()
      .filter(({ path }) => path !== "package-lock.json")
      .flatMap(({ path, text }) =>
        text
          .split("\n")
          .flatMap((line, index) =>
            UNFINISHED.test(line) || WORKSHOP.test(line) ? [`${path}:${index + 1}`] : [],
          ),
      ),
    "nothing is unfinished, and nothing speaks of the workshop",
  )
})

test("links inside of the documents lead somewhere", () => {
  const documents = sourceFiles().filter(({ path }) => path.endsWith(".md"))
  const anchors = new Map(documents.map(({ path, text }) => [path, headings(text)]))
  const broken = documents.flatMap(({ path, text }) =>
    [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1]!)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [file = "", anchor] = target.split("#")
        const to = file === "" ? path : normalize(join(dirname(path), file))
        if (!existsSync(join(ROOT, to))) return true
        return anchor !== undefined && anchors.get(to)?.has(anchor) === false
      })
      .map((target) => `${path} -> ${target}`),
  )
  assertNone(broken, "links inside of the documents lead somewhere")
})

test("the root holds a few documents and no litter", () => {
  const allowed = new Set(
    [
      "README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md LICENSE package.json package-lock.json",
      "tsconfig.json tsconfig.build.json biome.json dist node_modules",
      "src test bench examples docs scripts studio",
    ].flatMap((names) => names.split(" ")),
  )
  assertNone(
    readdirSync(ROOT).filter((name) => !name.startsWith(".") && !allowed.has(name)),
    "the root holds a few documents and no litter",
  )
})

/** GitHub's anchors of a document's headings. */
function headings(text: string): Set<string> {
  return new Set(
    [...withoutCode(text).matchAll(/^#{1,6}\s+(.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(/\s/g, "-"),
    ),
  )
}

function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^```[\s\S]*?^```/gm, "")
}
