import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { compileCacheFolder } from "./compile-cache.ts"

test("it stands among the modules that the package stands in, or that stand in a clone", () => {
  assert.equal(
    compileCacheFolder("/home/ada/shop/node_modules/millrace"),
    "/home/ada/shop/node_modules/.cache/millrace",
  )
  assert.equal(compileCacheFolder("/home/ada/millrace/"), "/home/ada/millrace/node_modules/.cache/millrace")
})

test("modules are kept for the next start, those of threads as well", (t) => {
  const folder = join(scratch(t), "cache")
  assert.equal(start(folder, join(folder, "..")), "thread")
  const kept = readdirSync(folder, { recursive: true })
  // One folder of this Node's version, and in it the module of the process and that of its thread.
  assert.ok(kept.length >= 3, `kept: ${kept.join()}`)
})

test("a folder that cannot be written stops nobody", (t) => {
  const directory = scratch(t)
  writeFileSync(join(directory, "file"), "")
  assert.equal(start(join(directory, "file", "cache"), directory), "thread")
})

/** A process that uses the cache, loads a module behind that, and starts a thread; what they print. */
function start(folder: string, directory: string): string {
  const thread = join(directory, "thread.mjs")
  writeFileSync(thread, `import "./of-thread.mjs"; console.log("thread")`)
  writeFileSync(join(directory, "of-thread.mjs"), "export const ofThread = 1")
  writeFileSync(join(directory, "of-main.mjs"), "export const ofMain = 1")
  const main = join(directory, "main.mjs")
  const cache = JSON.stringify(join(import.meta.dirname, "compile-cache.ts"))
  writeFileSync(
    main,
    `import { saveCompileCache, useCompileCache } from ${cache}
    useCompileCache(${JSON.stringify(folder)}, process.env)
    await import("./of-main.mjs")
    saveCompileCache()
    const { Worker } = await import("node:worker_threads")
    new Worker(${JSON.stringify(thread)})`,
  )
  const { NODE_COMPILE_CACHE: _, ...env } = process.env
  const { stdout, stderr, status } = spawnSync(process.execPath, [main], { env, encoding: "utf8" })
  assert.equal(status, 0, stderr)
  return stdout.trim()
}

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "millrace-compile-cache-"))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
