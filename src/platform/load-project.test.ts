import assert from "node:assert/strict"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import { test } from "node:test"
import { isPlatformError } from "../std/errors.ts"
import { loadProject } from "./load-project.ts"

const CONFIG = 'import { defineConfig } from "millrace"\nexport default defineConfig({ name: "shop" })\n'
const EVENT = (name: string) => `export const ${name} = { kind: "event", name: "${name}" }\n`
const VIEW = (name: string) =>
  `import { view } from "millrace"\nexport const ${name} = view("${name}", { sql: "SELECT 1" })\n`

/** Writes the files into a folder outside of any package and removes it with the test. */
function project(
  context: { after(done: () => void): void },
  files: Readonly<Record<string, string>>,
): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "millrace-project-")))
  context.after(() => rmSync(directory, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
  return directory
}

test("a project is every module of its folder, wherever the folder lies", async (t) => {
  const directory = project(t, {
    "millrace.config.ts": CONFIG,
    "events.ts": `import { z } from "zod"\nexport const schema = z.string()\n${EVENT("order")}`,
    "views/daily.ts": VIEW("per_day"),
    "views/index.ts": 'export * from "./daily.ts"\n',
    "daily.test.ts": 'throw new Error("tests are not loaded")\n',
    "types.d.ts": 'throw new Error("declarations are not loaded")\n',
    "node_modules/x/a.ts": 'throw new Error("packages are not loaded")\n',
    "dist/a.ts": 'throw new Error("what is built is not loaded")\n',
    ".hidden/a.ts": 'throw new Error("hidden folders are not loaded")\n',
  })
  const loaded = await loadProject(directory)
  assert.deepEqual(loaded.problems, [])
  assert.equal(loaded.name, "shop")
  assert.deepEqual(
    loaded.events.map(({ name }) => name),
    ["order"],
  )
  assert.deepEqual(
    loaded.views.map(({ name, module }) => [name, relative(directory, module?.path ?? "")]),
    [["per_day", "views/daily.ts"]],
  )
  assert.deepEqual(
    loaded.files.map((file) => relative(directory, file)),
    ["events.ts", "views/daily.ts", "views/index.ts"],
  )
})

test("a definition that is exported again is still found in the module that spells it", async (t) => {
  const directory = project(t, {
    "millrace.config.ts": CONFIG,
    "a.ts": 'export { late } from "./z.ts"\n',
    "z.ts": VIEW("late"),
  })
  const { views, definedIn } = await loadProject(directory)
  assert.deepEqual(
    views.map(({ name, module }) => [name, module?.path]),
    [["late", join(directory, "z.ts")]],
  )
  assert.equal(definedIn.get("view late"), join(directory, "z.ts"))
})

test("what cannot be imported is a problem with its place, and the rest still loads", async (t) => {
  const cases: [
    text: string,
    place: [line: number | null, column: number | null],
    code: string,
    hint: RegExp,
  ][] = [
    ["\nenum Plan { Free }\n", [2, 1], "module-not-loaded", /const object/],
    ["const a: = 3\n", [1, 10], "module-not-loaded", /null/],
    ["const a = 1\nconst a = 2\n", [2, 7], "module-not-loaded", /null/],
    ['import "./helper.js"\n', [1, 8], "module-not-loaded", /write ".\/helper.ts"/],
    ['import "./nowhere"\n', [1, 8], "module-not-loaded", /check the path/],
    ['\nimport { x } from "no-such-package"\n', [2, 19], "module-not-loaded", /npm install no-such-package/],
    ['import { Row } from "./helper.ts"\n', [1, 10], "module-not-loaded", /import type/],
    ['import "millrace/engine"\n', [1, 8], "module-not-loaded", /millrace\/client/],
    ["const a = null\n\na.b()\n", [3, 3], "module-failed", /null/],
    ['throw "words"\n', [null, null], "module-failed", /null/],
    [
      'import { view } from "millrace"\n\nexport const v = view("No", { sql: "" })\n',
      [3, 18],
      "invalid-view",
      /null/,
    ],
  ]
  for (const [text, place, code, hint] of cases) {
    const directory = project(t, {
      "millrace.config.ts": CONFIG,
      "broken.ts": text,
      "helper.ts": "export interface Row {}\n",
      "fine.ts": EVENT("order"),
    })
    const { problems, events } = await loadProject(directory)
    const [problem] = problems
    assert.equal(problems.length, 1, text)
    assert.equal(problem?.code, code, text)
    assert.equal(problem.file, join(directory, "broken.ts"), text)
    assert.deepEqual([problem.line, problem.column], place, text)
    assert.match(String(problem.suggestion), hint, text)
    assert.equal(events.length, 1, text)
  }
})

test("a fault in a shared module is told once, where it is", async (t) => {
  const directory = project(t, {
    "millrace.config.ts": CONFIG,
    "a.ts": 'import "./shared.ts"\n',
    "b.ts": 'import "./shared.ts"\n',
    "shared.ts": '\nthrow new Error("no")\n',
  })
  const { problems } = await loadProject(directory)
  assert.deepEqual(
    problems.map(({ file, line, message }) => [relative(directory, file ?? ""), line, message]),
    [["shared.ts", 2, "no"]],
  )
})

test("a config that is broken or missing is told", async (t) => {
  const broken: [config: string, code: string, message: RegExp][] = [
    [
      'import { defineConfig } from "millrace"\nexport default defineConfig({ name: "a b" })\n',
      "invalid-config",
      /name/,
    ],
    [CONFIG.replace('name: "shop"', 'name: "shop", prot: 1'), "invalid-config", /prot/],
    ["export const nothing = 1\n", "invalid-config", /exports no config/],
  ]
  for (const [config, code, message] of broken) {
    const { problems } = await loadProject(project(t, { "millrace.config.ts": config }))
    assert.deepEqual(
      problems.map((problem) => problem.code),
      [code],
    )
    assert.match(problems[0]?.message ?? "", message)
  }
  const missing = project(t, { "a.ts": "" })
  for (const path of [missing, join(missing, "nowhere"), join(missing, "a.ts")]) {
    await assert.rejects(loadProject(path), (error) => isPlatformError(error, "project-not-found"), path)
  }
})

test("a project that is loaded again is read again", async (t) => {
  const directory = project(t, {
    "millrace.config.ts": CONFIG,
    "a.ts": 'import "./b.ts"\n',
    "b.ts": "const a: = 1\n",
  })
  assert.deepEqual((await loadProject(directory)).problems.length, 1)
  writeFileSync(join(directory, "b.ts"), 'import "./nowhere.ts"\n')
  const again = await loadProject(directory)
  assert.deepEqual(
    again.problems.map(({ file, line, suggestion }) => [file, line, suggestion]),
    [[join(directory, "b.ts"), 1, "check the path; it is relative to the module"]],
  )
  writeFileSync(join(directory, "b.ts"), `export const b = 1\nthrow new Error("no")\n`)
  assert.deepEqual((await loadProject(directory)).problems[0]?.line, 2)
  writeFileSync(join(directory, "b.ts"), EVENT("order"))
  assert.deepEqual((await loadProject(directory)).problems, [])
})
