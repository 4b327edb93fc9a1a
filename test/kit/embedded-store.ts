/** A real ClickHouse for tests: the embedded host in a folder of its own. */
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeProcesses } from "../../src/std/node/child-process.ts"
import { NodeClock } from "../../src/std/node/clock.ts"
import { HttpTransport } from "../../src/std/node/http-transport.ts"
import { NodeRandom } from "../../src/std/node/random.ts"
import { NodeScheduler } from "../../src/std/node/scheduler.ts"
import type { EmbeddedClickHouse } from "../../src/stores/hot/embedded-clickhouse.ts"
import { openEmbeddedClickHouse } from "../../src/stores/hot/open-embedded-clickhouse.ts"

export interface EmbeddedStore extends AsyncDisposable {
  readonly clickhouse: EmbeddedClickHouse
  readonly directory: string
}

/** Ready to answer. The folder goes when it is disposed of, unless it was given. */
export async function openEmbeddedStore(given?: string): Promise<EmbeddedStore> {
  const directory = given ?? mkdtempSync(join(tmpdir(), "store-"))
  const clickhouse = openEmbeddedClickHouse({
    directory,
    memoryBytes: 2 ** 30,
    processes: new NodeProcesses(),
    transport: (path) => new HttpTransport({ kind: "socket", path }),
    surroundings: {
      temporaryDirectory: tmpdir(),
      memoryDirectory: existsSync("/dev/shm") ? "/dev/shm" : null,
    },
    clock: new NodeClock(),
    scheduler: new NodeScheduler(),
    random: new NodeRandom(),
    // Whoever asks hears why it does not answer.
    report: () => undefined,
  })
  const close = async () => {
    await clickhouse[Symbol.asyncDispose]()
    if (given === undefined) rmSync(directory, { recursive: true, force: true })
  }
  try {
    await clickhouse.whenReady()
  } catch (error) {
    await close()
    throw error
  }
  return { clickhouse, directory, [Symbol.asyncDispose]: close }
}
