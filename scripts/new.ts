/**
 * `npm run new KIND NAME`: the files of a new thing, in their place, with a test that fails until it says
 * something. A skeleton is a beginning for the editor and not for a commit.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

interface Kind {
  readonly about: string
  files(name: string): Readonly<Record<string, string>>
  /** What is left to do by hand. */
  next(name: string): string
}

const ROOT = join(import.meta.dirname, "..")
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/

const KINDS: Readonly<Record<string, Kind>> = {
  operator: {
    about: "an operator of the engine, and its test",
    files: (name) => ({
      [`src/engine/operators/${name}.ts`]: [
        "/**",
        ` * ${name}: what changes come in, what changes go out, and which rows its state holds.`,
        " * Invariant: at the end of an epoch …",
        " */",
        'import type { ChangeBatch } from "../../columns/batch.ts"',
        "",
        `export class ${pascal(name)}Operator {`,
        "  apply(batch: ChangeBatch): void {",
        `    throw new Error(\`${name} does not take \${batch.length} changes yet\`)`,
        "  }",
        "}",
      ].join("\n"),
      ...testOf(`src/engine/operators/${name}`, `${pascal(name)}Operator`),
    }),
    next: () => "add its OperatorSpec to src/engine/dataflow.ts, its case to the graph, and golden cases",
  },
  route: {
    about: "a route of the HTTP door, and its test",
    files: (name) => ({
      [`src/serve/http/routes/${name}.ts`]: [
        `/** GET /v1/…: what it answers. */`,
        'import type { Route } from "../route.ts"',
        'import { sendJson } from "../send-json.ts"',
        "",
        `export const ${camel(name)}: Route = {`,
        '  method: "GET",',
        `  path: "/v1/${name}",`,
        "  operation: {",
        `    id: "${name.replaceAll("-", "_")}",`,
        '    summary: "",',
        '    responses: { 200: { description: "", schema: null } },',
        "  },",
        "  handle: (_context, _request, reply) => sendJson(reply, 200, {}),",
        "}",
      ].join("\n"),
      ...testOf(`src/serve/http/${name}`, camel(name), `./routes/${name}.ts`),
    }),
    next: () => "list it in src/serve/http/routes.ts, and its answer in openapi-schemas.ts",
  },
  command: {
    about: "a command of millrace, and its test",
    files: (name) => ({
      [`src/cli/${name}.ts`]: [
        `/** \`millrace ${name}\`: what it does. */`,
        'import { type Command, FINE, type Given } from "./command.ts"',
        'import type { Terminal } from "./terminal.ts"',
        "",
        `export const ${camel(name)}: Command = {`,
        `  name: "${name}",`,
        '  summary: "",',
        "  positionals: [],",
        "  options: {},",
        `  examples: ["millrace ${name}"],`,
        "  run,",
        "}",
        "",
        "async function run(_given: Given, terminal: Terminal): Promise<number> {",
        '  terminal.print("")',
        "  return FINE",
        "}",
      ].join("\n"),
      ...testOf(`src/cli/${name}`, camel(name)),
    }),
    next: () => "list it in src/cli/main.ts and in the README",
  },
  bench: {
    about: "a bench with a naive baseline",
    files: (name) => ({
      [`bench/${name}.ts`]: [
        "/** What is measured, and what the naive baseline is. */",
        'import type { Bench } from "./figure.ts"',
        "",
        "export const bench: Bench = {",
        `  name: "${name}",`,
        '  about: "",',
        "  async run(_report, { scale }) {",
        `    throw new Error(\`${name} measures nothing yet at scale \${scale}\`)`,
        "  },",
        "}",
      ].join("\n"),
    }),
    next: (name) => `npm run bench -- ${name} --scale 0.01; medians, random keys, a baseline in the same run`,
  },
  golden: {
    about: "a golden SQL case, held against PostgreSQL",
    files: (name) => ({
      [`test/golden/cases/${name}.case`]: [
        "# What this case is about",
        "event e (id int64, at timestamp, k string null, v int32 null)",
        "view answer (unbounded)",
        "SELECT k, count(*) AS rows FROM e GROUP BY k",
        "rows e",
        '{"id":1,"at":"2026-01-01T00:00:00Z","k":"a","v":1}',
      ].join("\n"),
    }),
    next: (name) => `npm run golden -- ${name}`,
  },
  decision: {
    about: "a record of a choice that would puzzle a newcomer",
    files: (name) => ({
      [`docs/decisions/${nextDecision()}-${name}.md`]: [
        `# ${name.replaceAll("-", " ")}`,
        "",
        "## Context",
        "",
        "## Choice",
        "",
        "## Consequence",
      ].join("\n"),
    }),
    next: () => "list it in docs/decisions/README.md",
  },
}

process.exitCode = create(process.argv.slice(2))

function create([kindName, name]: readonly string[]): number {
  const kind = Object.hasOwn(KINDS, kindName ?? "") ? KINDS[kindName!] : undefined
  if (kind === undefined || name === undefined) {
    if (kind === undefined && kindName !== undefined) console.error(`new: there is no kind "${kindName}"`)
    console.error("npm run new KIND NAME, where KIND is")
    for (const [known, { about }] of Object.entries(KINDS)) console.error(`  ${known.padEnd(10)} ${about}`)
    return 2
  }
  if (!NAME.test(name)) {
    console.error(`new: "${name}" is not kebab-case: lower-case words with hyphens, such as top-k`)
    return 2
  }
  const files = Object.entries(kind.files(name))
  const taken = files.find(([path]) => existsSync(join(ROOT, path)))
  if (taken !== undefined) {
    console.error(`new: ${taken[0]} is there already`)
    return 1
  }
  for (const [path, text] of files) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true })
    writeFileSync(join(ROOT, path), `${text}\n`)
    console.log(path)
  }
  console.log(`next: ${kind.next(name)}`)
  return 0
}

/** A test that names what it tests and fails until somebody wrote what must hold. */
function testOf(
  path: string,
  exported: string,
  from = `./${path.split("/").at(-1)}.ts`,
): Record<string, string> {
  return {
    [`${path}.test.ts`]: [
      'import assert from "node:assert/strict"',
      'import { test } from "node:test"',
      `import { ${exported} } from "${from}"`,
      "",
      `test("${exported} …", () => {`,
      `  assert.fail(\`a \${typeof ${exported}} is there; say what it must do and what it must refuse\`)`,
      "})",
    ].join("\n"),
  }
}

function nextDecision(): string {
  const numbers = readdirSync(join(ROOT, "docs", "decisions")).map((file) => Number.parseInt(file, 10) || 0)
  return String(Math.max(0, ...numbers) + 1).padStart(4, "0")
}

function camel(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function pascal(name: string): string {
  return camel(name).replace(/^./, (letter) => letter.toUpperCase())
}
