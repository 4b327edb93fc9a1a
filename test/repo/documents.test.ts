/** What the documents promise about the repository. */
import assert from "node:assert/strict"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { VERSION } from "../../src/platform/version.ts"
import { assertNone } from "./none-of.ts"
import { ROOT } from "./source-files.ts"

interface Manifest {
  readonly version: string
  readonly scripts: Readonly<Record<string, string>>
  readonly files: readonly string[]
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const read = (path: string) => readFileSync(join(ROOT, path), "utf8")
const manifest = JSON.parse(read("package.json")) as Manifest

test("every dependency has its sentence", () => {
  const text = read("docs/decisions/0001-dependencies.md")
  const { dependencies, optionalDependencies, devDependencies } = manifest
  const names = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies })
    // One sentence for Node on all platforms.
    .filter((name) => !/^node-(bin-)?(darwin|linux|win)-/.test(name))
  assertNone(
    names.filter((name) => !text.includes(`\`${name}\``)),
    "docs/decisions/0001-dependencies.md says why each is there",
  )
})

test("every Node that npm brings is one that the launcher looks for, and the other way round", () => {
  const launcher = [...read("scripts/node24.mjs").matchAll(/^ {2}"[a-z0-9-]+": "([a-z0-9-]+)",$/gm)].map(
    ([, name]) => name,
  )
  const nodes = Object.keys(manifest.optionalDependencies).filter((name) => name.startsWith("node-"))
  assert.deepEqual(launcher.toSorted(), nodes.toSorted())
})

test("the lock file has every optional package, or npm ci would refuse it", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as {
    readonly packages: Readonly<
      Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
    >
  }
  const wanted = Object.values(packages).flatMap(({ optionalDependencies }) =>
    Object.keys(optionalDependencies ?? {}),
  )
  const held = new Set(
    Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + 13)),
  )
  assertNone(
    [...new Set(wanted)].filter((name) => !held.has(name)),
    "package-lock.json holds every optional package",
  )
})

test("every decision is listed, and every number is taken once", () => {
  const files = readdirSync(join(ROOT, "docs/decisions")).filter((name) => /^\d{4}-/.test(name))
  const list = read("docs/decisions/README.md")
  assertNone(
    files.filter((name) => !list.includes(`(${name})`)),
    "docs/decisions/README.md lists every decision",
  )
  const numbers = files.map((name) => name.slice(0, 4))
  assert.equal(new Set(numbers).size, numbers.length)
})

test("the version is the same wherever it stands", () => {
  assert.equal(VERSION, manifest.version)
  assert.match(read("CHANGELOG.md"), new RegExp(`^## \\[${manifest.version.replaceAll(".", "\\.")}\\]`, "m"))
})

test("every script in the documents exists", () => {
  const texts = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "docs/api.md", "docs/sql.md"].map(read)
  const named = texts.flatMap((text) => [...text.matchAll(/npm run ([a-z:]+)/g)].map((match) => match[1]!))
  assertNone(
    [...new Set(named)].filter((name) => manifest.scripts[name] === undefined),
    "package.json has the scripts that the documents name",
  )
})

test("the launchers that the package needs are in it", () => {
  const needed = [...read("scripts/millrace.mjs").matchAll(/from "\.\/([a-z0-9-]+\.mjs)"/g)].map(
    (match) => match[1]!,
  )
  const files = [...needed, "millrace.mjs", "follow-launcher.mjs"].map((name) => `scripts/${name}`)
  assertNone(
    files.filter((path) => !manifest.files.includes(path) || !existsSync(join(ROOT, path))),
    "package.json's files hold what the command imports",
  )
})
