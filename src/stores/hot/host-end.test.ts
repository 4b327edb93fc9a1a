import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { setTimeout as wait } from "node:timers/promises"
import { openEmbeddedStore } from "../../../test/kit/embedded-store.ts"
import { NodeProcesses } from "../../std/node/child-process.ts"
import { hostArguments, planHost } from "./host/host-start.ts"

/** The grace of running statements is 3 s; after 6 s the parent would help, which an orphan does not have. */
const LONGEST_END_MS = 5_000

test("a host that is let go ends after its grace, whatever statement runs", async () => {
  const store = await openEmbeddedStore()
  const statement = store.clickhouse.command(
    "SELECT sum(sipHash64(number)) FROM numbers_mt(1e13) FORMAT Null",
  )
  const cut = assert.rejects(statement)
  await wait(300)
  const startedMs = performance.now()
  await store[Symbol.asyncDispose]()
  assert.ok(performance.now() - startedMs < LONGEST_END_MS, `it took ${performance.now() - startedMs} ms`)
  await cut
})

test("a host that is let go while it starts dies: exit() would wait in the engine", async (context) => {
  const directory = mkdtempSync(join(tmpdir(), "host-end-"))
  context.after(() => rmSync(directory, { recursive: true, force: true }))
  const start = planHost(
    { directory, memoryBytes: 2 ** 30 },
    { temporaryDirectory: tmpdir(), memoryDirectory: null },
  )
  for (const lifeMs of [0, 150, 300, 450]) {
    const lines: string[] = []
    const host = new NodeProcesses().start({
      module: new URL("./host/host-process.ts", import.meta.url),
      args: hostArguments(start),
      environment: {},
      line: (line) => lines.push(line),
    })
    await wait(lifeMs)
    host.release()
    assert.equal((await host.done).signal, "SIGKILL", `after ${lifeMs} ms, having said ${lines}`)
  }
})
