/**
 * The package as a stranger gets it: packed, installed into an empty folder, asked for help, given a
 * project, and sent an event. Takes the packages from npm's cache where they are there.
 */
import assert from "node:assert/strict"
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { ROOT } from "./source-files.ts"

const EVENT = {
  event_id: "p-1",
  event_type: "user_signup",
  timestamp: "2026-03-01T08:15:00Z",
  user_id: "u-1",
  plan: "premium",
  schema_version: 1,
}

const TSC = join(ROOT, "node_modules", "typescript", "bin", "tsc")

let folder: string
let command: string

/** Quiet, and with an environment in which npm does not take this test for one of its own scripts. */
function npm(args: readonly string[], cwd: string): string {
  const environment = Object.entries(process.env).filter(
    ([name]) => !/^npm_(config|package|lifecycle)_/i.test(name),
  )
  const cli = process.env["npm_execpath"]
  const [file, first] = cli === undefined ? ["npm", []] : [process.execPath, [cli]]
  return execFileSync(file, [...first, ...args, "--loglevel=error", "--no-audit", "--no-fund"], {
    cwd,
    encoding: "utf8",
    env: Object.fromEntries(environment),
  })
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-package-"))
  const staged = join(folder, "staged")
  stage(staged)
  npm(["pack", "--pack-destination", folder], staged)
  const user = join(folder, "user")
  mkdirSync(user)
  writeFileSync(join(user, "package.json"), '{"name":"stranger","private":true,"type":"module"}\n')
  npm(["install", "--prefer-offline", join(folder, "millrace-0.1.0.tgz")], user)
  command = join(user, "node_modules", "millrace", "scripts", "millrace.mjs")
})

after(() => rmSync(folder, { recursive: true, force: true }))

/** A copy of what the package is made of, built there, so that this clone's dist stays as it is. */
function stage(directory: string): void {
  mkdirSync(directory)
  for (const name of [
    "package.json",
    "tsconfig.json",
    "tsconfig.build.json",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
  ]) {
    cpSync(join(ROOT, name), join(directory, name))
  }
  for (const name of ["src", "scripts", join("studio", "dist")]) {
    if (existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(directory, name), { recursive: true })
  }
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"), "junction")
  execFileSync(process.execPath, [TSC, "-p", "tsconfig.build.json"], { cwd: directory, stdio: "inherit" })
}

function copyExample(directory: string): void {
  const filter = (path: string) => !path.endsWith(".test.ts")
  cpSync(join(ROOT, "examples", "signups"), directory, { recursive: true, filter })
}

function millrace(args: readonly string[], cwd: string): string {
  return execFileSync(process.execPath, [command, ...args], { cwd, encoding: "utf8" })
}

async function answerOf(url: string, init?: RequestInit): Promise<Readonly<Record<string, unknown>>> {
  return (await (await fetch(url, init)).json()) as Readonly<Record<string, unknown>>
}

test("the command answers", () => {
  assert.match(millrace(["--help"], folder), /millrace COMMAND/)
  assert.equal(millrace(["--version"], folder).trim(), "0.1.0")
})

test("a project beside the package, and one far from it, can be checked", () => {
  const beside = join(folder, "user", "signups")
  const far = join(folder, "far")
  for (const directory of [beside, far]) {
    copyExample(directory)
    const found = JSON.parse(millrace(["check", directory, "--json"], folder))
    assert.deepEqual([found.ok, found.events.length, found.views.length], [true, 1, 1])
  }
})

test("the types of a project work against the package", () => {
  const directory = join(folder, "user", "typed")
  copyExample(directory)
  const project = join(directory, "tsconfig.json")
  const options = {
    strict: true,
    module: "nodenext",
    target: "es2024",
    lib: ["es2024", "esnext.disposable", "dom"],
    noEmit: true,
    skipLibCheck: false,
    types: [],
  }
  writeFileSync(
    project,
    JSON.stringify({ compilerOptions: { ...options, allowImportingTsExtensions: true } }),
  )
  writeFileSync(
    join(directory, "send.ts"),
    [
      'import { createProducer } from "millrace/client"',
      'import { userSignup } from "./events.ts"',
      'const producer = createProducer({ url: "http://127.0.0.1:1" })',
      `void producer.send(userSignup, ${JSON.stringify(EVENT)})`,
      "// @ts-expect-error a plan is a text",
      `void producer.send(userSignup, ${JSON.stringify({ ...EVENT, plan: 1 })})`,
    ].join("\n"),
  )
  execFileSync(process.execPath, [TSC, "-p", project], {
    encoding: "utf8",
    stdio: ["ignore", "inherit", "inherit"],
  })
})

test("a project starts, takes an event, answers with it, and stops cleanly", async () => {
  const directory = join(folder, "far-started")
  copyExample(directory)
  const child = spawn(process.execPath, [command, "start", directory, "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const ended = once(child, "exit")
  try {
    const [first] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string]
    const { url } = JSON.parse(first)
    const headers = { "content-type": "application/json" }
    const post = { method: "POST", headers, body: JSON.stringify(EVENT) }
    const sent = await answerOf(`${url}/v1/events/user_signup`, post)
    assert.deepEqual([sent["accepted"], sent["rejected"]], [1, []])
    const rows = await answerOf(`${url}/v1/views/signups_per_plan/rows?after=${sent["receipt"]}`)
    assert.deepEqual(rows["rows"], [{ plan: "premium", day: "2026-03-01T00:00:00Z", count: "1" }])
  } finally {
    child.kill("SIGINT")
  }
  assert.deepEqual(await ended, [0, null])
})
