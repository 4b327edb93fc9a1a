/**
 * `node scripts/run.mjs TASK [arguments]`: what package.json's scripts call. Installs what is missing, then
 * runs the task under Node 24. A task is a list of steps; all of them run, and the exit code is that of the
 * first that failed.
 */
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { buildStudio } from "./build-studio.mjs"
import { ensureInstalled } from "./install.mjs"
import { findNode, NODE_FLAGS } from "./node24.mjs"
import { endLike, runChild } from "./run-child.mjs"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const TSC = "node_modules/typescript/bin/tsc"

/** Two test files at a time: many of them start servers, workers and PostgreSQL of their own. */
const TEST = ["--test", "--test-concurrency=2"]

const TASKS = {
  check: { about: "types, lint, tidy, walls, unit tests; under a minute", script: "scripts/check.ts" },
  test: { about: "everything that CI runs", run: (node, args) => test(node, args) },
  "test:page": {
    about: "the page in a headless Chromium",
    run: (node, args) => {
      buildStudio(root, node)
      return script(node, "test/page/run.ts", args)
    },
  },
  "test:compat": { about: "the lake read by PyIceberg", script: "test/compat/run.ts" },
  golden: { about: "the golden SQL cases; NAME for some", script: "test/golden/golden.test.ts" },
  differential: { about: "random queries; --count --seed", script: "test/differential/differential.ts" },
  simulate: { about: "the seeded simulation; --seed --count", script: "test/simulate/simulate.ts" },
  kill: { about: "kill -9 under load; --kills --seed", script: "test/kill/kill-run.ts" },
  fuzz: { about: "random bytes for the decoder; --count --seed", script: "test/fuzz-decoder.ts" },
  bench: { about: "benches by name; --list --json", script: "bench/run.ts" },
  new: { about: "a skeleton and its test", script: "scripts/new.ts" },
  build: { about: "dist and the page, as the package has them", run: (node) => build(node) },
}

const [name, ...rest] = process.argv.slice(2)
// npm takes the -- away, whoever calls this file himself may have kept it.
const args = rest[0] === "--" ? rest.slice(1) : rest
const task = Object.hasOwn(TASKS, name ?? "") ? TASKS[name] : undefined
if (task === undefined) {
  if (name !== undefined) console.error(`run: there is no task "${name}"`)
  for (const [taskName, { about }] of Object.entries(TASKS))
    console.error(`  ${taskName.padEnd(12)} ${about}`)
  process.exitCode = 2
} else {
  try {
    await ensureInstalled(root)
    const node = findNode()
    endLike(await (task.script === undefined ? task.run(node, args) : script(node, task.script, args)))
  } catch (error) {
    console.error(`${name}: ${error.message}`)
    process.exitCode = 2
  }
}

function script(node, path, scriptArgs) {
  if (!existsSync(join(root, path))) throw new Error(`${path} is not in this clone`)
  return runChild(node, [...NODE_FLAGS, path, ...scriptArgs], { cwd: root })
}

/**
 * Types and lint first, because they are quick; then every test file, with node:test's own summary at the
 * end.
 */
async function test(node, patterns) {
  buildStudio(root, node)
  const files =
    patterns.length > 0 ? patterns : ["src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"]
  const steps = [
    ["types", [TSC, "--noEmit"]],
    ["lint", ["node_modules/@biomejs/biome/bin/biome", "check"]],
    ["tests", [...NODE_FLAGS, ...TEST, ...files]],
  ]
  const failed = []
  for (const [step, args] of steps) {
    const code = await runChild(node, args, { cwd: root })
    if (code > 128) return code
    if (code !== 0) failed.push(step)
  }
  // Behind a summary that says that all tests passed, nobody looks for what failed before it.
  if (failed.some((step) => step !== "tests")) console.error(`FAILED: ${failed.join(", ")}; see above`)
  return failed.length === 0 ? 0 : 1
}

/** dist must hold exactly what src says now, so it is emptied first. */
async function build(node) {
  const { rm } = await import("node:fs/promises")
  await rm(join(root, "dist"), { recursive: true, force: true })
  const code = await runChild(node, [TSC, "-p", "tsconfig.build.json"], { cwd: root })
  if (code === 0) buildStudio(root, node)
  return code
}
