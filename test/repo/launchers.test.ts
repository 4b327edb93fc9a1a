/**
 * The launchers, which run before anything else can: what they pass through, and what they do about
 * node_modules. A fake npm stands in for the real one.
 */
import assert from "node:assert/strict"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { pathToFileURL } from "node:url"
import { ROOT } from "./source-files.ts"

const scriptUrl = (name: string) => pathToFileURL(join(ROOT, "scripts", name)).href
const RUN_CHILD = `import { endLike, runChild } from ${JSON.stringify(scriptUrl("run-child.mjs"))};`

function launch(childCode: string, { follow = false } = {}): ChildProcess {
  const args = JSON.stringify([
    ...(follow ? ["--import", scriptUrl("follow-launcher.mjs")] : []),
    "-e",
    childCode,
  ])
  const code = `${RUN_CHILD} endLike(await runChild(process.execPath, ${args}, { follow: ${follow} }))`
  return spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  })
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [text] = (await once(child.stdout!.setEncoding("utf8"), "data")) as [string]
  return text.trim()
}

test("a launcher ends as its child ends", async () => {
  const cases: [childCode: string, end: [number | null, string | null]][] = [
    ["process.exit(0)", [0, null]],
    ["process.exit(3)", [3, null]],
    ["process.kill(process.pid, 'SIGTERM')", [null, "SIGTERM"]],
    ["process.kill(process.pid, 'SIGKILL')", [137, null]],
  ]
  for (const [childCode, end] of cases)
    assert.deepEqual(await once(launch(childCode), "exit"), end, childCode)
})

test("a launcher passes signals on, and its child may take its time", async () => {
  const child = launch(
    "process.on('SIGINT', () => setTimeout(() => process.exit(7), 50));" +
      "setInterval(() => {}, 999); console.log('up')",
  )
  await firstLine(child)
  child.kill("SIGINT")
  assert.deepEqual(await once(child, "exit"), [7, null])
})

test("a platform whose launcher was killed goes with it", { timeout: 20_000 }, async () => {
  const child = launch("setInterval(() => {}, 999); console.log('up')", { follow: true })
  await firstLine(child)
  const closed = once(child.stdout!, "close")
  child.kill("SIGKILL")
  // The output is closed when the last process that holds it has ended; until then this waits.
  await closed
})

const LOCK = {
  packages: {
    "": { name: "clone" },
    "node_modules/there": { version: "1.0.0" },
    "node_modules/elsewhere": { version: "1.0.0", os: ["sunos"], optional: true },
    "node_modules/maybe": { version: "1.0.0", optional: true },
  },
}

/**
 * A clone with a lock file; `installed` is what npm's own record says is in node_modules, null without any.
 */
function cloneWith(t: TestContext, installed: Readonly<Record<string, { version: string }>> | null): string {
  const directory = mkdtempSync(join(tmpdir(), "millrace-clone-"))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, "package-lock.json"), JSON.stringify(LOCK))
  if (installed === null) return directory
  mkdirSync(join(directory, "node_modules"))
  writeFileSync(
    join(directory, "node_modules", ".package-lock.json"),
    JSON.stringify({ packages: installed }),
  )
  return directory
}

/** Runs ensureInstalled with an npm that does what `npmCode` says. */
function install(directory: string, npmCode: string): { readonly error: string; readonly told: string } {
  const npm = join(directory, "npm-cli.js")
  writeFileSync(npm, npmCode)
  const code = `import { ensureInstalled } from ${JSON.stringify(scriptUrl("install.mjs"))};
    try { await ensureInstalled(${JSON.stringify(directory)}) } catch (error) { console.log(error.message) }`
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
    env: { ...process.env, npm_execpath: npm },
  })
  return { error: stdout.trim(), told: stderr }
}

const NPM_RECORDS = `const { mkdirSync, writeFileSync } = require("node:fs")
  mkdirSync("node_modules", { recursive: true })
  writeFileSync("node_modules/args", process.argv.slice(2).join(" "))`
const NPM_MUST_NOT_RUN = 'require("node:fs").writeFileSync("ran", "")'

test("what is missing or of another version is installed once, with its size told", (t) => {
  for (const installed of [null, {}, { "node_modules/there": { version: "0.9.0" } }]) {
    const directory = cloneWith(t, installed)
    const { error, told } = install(directory, NPM_RECORDS)
    assert.equal(error, "")
    assert.match(
      told,
      /Installing 2 packages into node_modules, once: about \d+ MB to download, \d+ MB on disk/,
    )
    const args = readFileSync(join(directory, "node_modules", "args"), "utf8")
    assert.match(args, /^ci .*--include=dev --include=optional --no-audit --no-fund .*--loglevel=error/)
    install(directory, NPM_MUST_NOT_RUN)
    assert.equal(existsSync(join(directory, "ran")), false)
  }
})

test("what somebody installed with npm himself is not installed again", (t) => {
  const directory = cloneWith(t, { "node_modules/there": { version: "1.0.0" } })
  assert.deepEqual(install(directory, NPM_MUST_NOT_RUN), { error: "", told: "" })
  assert.equal(existsSync(join(directory, "ran")), false)
})

test("a changed lock file is seen", (t) => {
  const directory = cloneWith(t, { "node_modules/there": { version: "1.0.0" } })
  install(directory, NPM_MUST_NOT_RUN)
  const changed = { packages: { ...LOCK.packages, "node_modules/new": { version: "1.0.0" } } }
  writeFileSync(join(directory, "package-lock.json"), JSON.stringify(changed))
  install(directory, NPM_RECORDS)
  assert.equal(existsSync(join(directory, "node_modules", "args")), true)
})

test("without a network the message says so, and other failures are npm's own", (t) => {
  const offline = 'console.error("npm error code ENOTFOUND"); process.exit(1)'
  assert.match(
    install(cloneWith(t, null), offline).error,
    /could not reach its registry\. Connect to the network/,
  )
  const full = 'console.error("npm error code ENOSPC"); process.exit(228)'
  const { error, told } = install(cloneWith(t, null), full)
  assert.match(error, /npm ci failed \(exit code 228\)/)
  assert.match(told, /ENOSPC/)
})

test("a node_modules that is a link to another clone's is left alone", (t) => {
  const other = cloneWith(t, {})
  const directory = cloneWith(t, null)
  symlinkSync(join(other, "node_modules"), join(directory, "node_modules"), "junction")
  assert.equal(install(directory, NPM_MUST_NOT_RUN).error, "")
  assert.equal(existsSync(join(directory, "ran")), false)
})
