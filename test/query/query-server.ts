/** A server with queries over the real engine, and how tests ask it. */

import { NodeClock } from "../../src/std/node/clock.ts"
import { NodeRandom } from "../../src/std/node/random.ts"
import { NodeScheduler } from "../../src/std/node/scheduler.ts"
import { type LakeTables, LakeViews } from "../../src/stores/hot/lake-views.ts"
import { RunQueries } from "../../src/stores/hot/run-queries.ts"
import { startTwinServer, type TwinServer } from "../kit/twin-server.ts"
import { openTestEngine, type TestEngine } from "./engine.ts"

export interface QueryServer extends AsyncDisposable {
  readonly engine: TestEngine
  readonly kit: TwinServer
  readonly url: string
}

export async function startQueryServer(maxRunning = 4, lake: LakeTables | null = null): Promise<QueryServer> {
  const engine = await openTestEngine()
  const queries = new RunQueries({
    engine: () => engine,
    clock: new NodeClock(),
    scheduler: new NodeScheduler(),
    random: new NodeRandom(),
    maxRunning,
    lake: lake === null ? null : new LakeViews({ clickhouse: engine.clickhouse, lake, maxPastViews: 3 }),
  })
  const kit = await startTwinServer({ queries })
  const close = async () => {
    await kit[Symbol.asyncDispose]()
    await engine[Symbol.asyncDispose]()
  }
  return { engine, kit, url: kit.url, [Symbol.asyncDispose]: close }
}

export function ask(url: string, body: object, init: RequestInit = {}): Promise<Response> {
  return fetch(`${url}/v1/query`, {
    method: "POST",
    body: JSON.stringify(body),
    ...init,
    headers: { "content-type": "application/json", ...init.headers },
  })
}

/** Asks again and again until the check holds, or fails after some seconds. */
export async function eventually(what: string, check: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await check()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`did not happen in time: ${what}`)
}
