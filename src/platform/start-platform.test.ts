import assert from "node:assert/strict"
import { copyFileSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { isPlatformError } from "../std/errors.ts"
import { checkProject } from "./check-project.ts"
import { startPlatform } from "./start-platform.ts"

const CONFIG = 'import { defineConfig } from "millrace"\nexport default defineConfig({ name: "shop" })\n'
const ORDER = (quantity: string) => `import { event, int32, timestamp } from "millrace"
import { z } from "zod"
export const order = event("order", {
  schema: z.object({ id: z.string(), at: timestamp(), quantity: ${quantity} }),
  id: "id",
  time: "at",
})
`

function project(t: { after(done: () => void): void }, quantity: string): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "millrace-start-")))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, "millrace.config.ts"), CONFIG)
  writeFileSync(join(directory, "events.ts"), ORDER(quantity))
  return directory
}

test("a contract that breaks what the lock promises does not start", async (t) => {
  const directory = project(t, "int32()")
  await checkProject(directory, { writeLock: true })
  const platform = await startPlatform({ projectDirectory: directory, port: 0 })
  assert.equal(platform.data, join(directory, ".millrace"))
  await platform.close()
  const changed = project(t, "z.string()")
  copyFileSync(join(directory, "millrace.lock.json"), join(changed, "millrace.lock.json"))
  await assert.rejects(startPlatform({ projectDirectory: changed, port: 0 }), (error) => {
    assert.ok(isPlatformError(error, "project-has-problems"))
    assert.match(error.message, /order: millrace.lock.json: field quantity was int32 and is now string/)
    return true
  })
})

test("a folder of data that cannot be made is the user's to mend, and said so", async (t) => {
  const directory = project(t, "int32()")
  const file = join(directory, "file")
  writeFileSync(file, "")
  for (const dataDirectory of [file, join(file, "below")]) {
    await assert.rejects(startPlatform({ projectDirectory: directory, dataDirectory, port: 0 }), (error) => {
      assert.ok(isPlatformError(error, "data-directory-unusable"))
      assert.match(error.message, /choose another with --data/)
      return true
    })
  }
})
