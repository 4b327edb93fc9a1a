/**
 * `npm run check`: types, lint, the rules of the repository and the unit tests, with one line each. What
 * passes is quiet; what fails shows its output below its line.
 */
import { spawn } from "node:child_process"

interface Step {
  readonly name: string
  readonly args: readonly string[]
}

interface Outcome {
  readonly code: number
  readonly output: string
}

const TEST = [
  "--disable-warning=ExperimentalWarning",
  "--test",
  "--test-concurrency=2",
  "--test-reporter=spec",
]
const TSC = "node_modules/typescript/bin/tsc"

const STEPS: readonly Step[] = [
  { name: "types", args: [TSC, "--noEmit"] },
  { name: "page types", args: [TSC, "--noEmit", "-p", "studio"] },
  { name: "page test types", args: [TSC, "--noEmit", "-p", "test/page"] },
  { name: "lint", args: ["node_modules/@biomejs/biome/bin/biome", "check"] },
  {
    name: "repository",
    args: [...TEST, "test/repo/{tidy,walls,errors,documents,launchers,scan-code,import-table}.test.ts"],
  },
  { name: "unit tests", args: [...TEST, "src/**/*.test.ts"] },
]

let failed = 0
const startedAt = performance.now()
for (const step of STEPS) {
  const stepStartedAt = performance.now()
  const { code, output } = await run(step.args)
  const seconds = ((performance.now() - stepStartedAt) / 1000).toFixed(1)
  const tests = /^ℹ tests (\d+)$/m.exec(output)
  const detail = tests === null ? "" : `, ${tests[1]} tests`
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${step.name} (${seconds} s${detail})`)
  if (code !== 0) {
    failed++
    console.log(failures(output))
  }
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
console.log(failed === 0 ? `all good in ${seconds} s` : `${failed} of ${STEPS.length} failed in ${seconds} s`)
process.exitCode = failed === 0 ? 0 : 1

function run(args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
  let output = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text
  })
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code) => resolve({ code: code ?? 1, output }))
  })
}

/** Of a test run only the list of failing tests, which node:test prints last; of anything else, all of it. */
function failures(output: string): string {
  const start = output.indexOf("✖ failing tests:")
  return start < 0 ? output : output.slice(start)
}
