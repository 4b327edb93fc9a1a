/** The repository's own files, as the tests of its rules see them: no packages, no build output, no data. */
import { readdirSync, readFileSync } from "node:fs"
import { join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"

export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "")

export interface SourceFile {
  /** Below the root, with "/". */
  readonly path: string
  readonly text: string
}

const SKIPPED = new Set(["node_modules", "dist", ".git", ".millrace", ".cache"])
const CODE = /\.(ts|tsx|mjs)$/

let files: readonly SourceFile[] | undefined

/** Every text file that the rules are about: code, documents, styles. */
export function sourceFiles(): readonly SourceFile[] {
  files ??= walk(ROOT).filter(
    ({ path }) => /\.(ts|tsx|mjs|css|html|md|json)$/.test(path) || path === ".ci/run",
  )
  return files
}

export function codeFiles(): readonly SourceFile[] {
  return sourceFiles().filter(({ path }) => CODE.test(path))
}

function walk(directory: string): SourceFile[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (SKIPPED.has(entry.name)) return []
    if (entry.isDirectory()) return walk(path)
    if (!entry.isFile()) return []
    return [
      {
        path: relative(ROOT, path).split(sep).join("/"),
        get text() {
          return readFileSync(path, "utf8")
        },
      },
    ]
  })
}
