import { after } from "node:test"
import { HttpTransport } from "../../src/std/node/http-transport.ts"
import { NodeRandom } from "../../src/std/node/random.ts"
import type { ClickHouse } from "../../src/stores/clickhouse.ts"
import { ClickHouseStore } from "../../src/stores/hot/clickhouse-store.ts"
import { HttpClickHouse } from "../../src/stores/http-clickhouse.ts"
import { storeConformance } from "../conformance/store.ts"
import { type EmbeddedStore, openEmbeddedStore } from "../kit/embedded-store.ts"

const placeOf = (clickhouse: ClickHouse) => ({
  clickhouse,
  open: (logId: string) => new ClickHouseStore({ clickhouse, logId }),
})

let embedded: Promise<EmbeddedStore> | null = null
after(async () => (await embedded)?.[Symbol.asyncDispose]())
storeConformance("embedded", async () => {
  embedded ??= openEmbeddedStore()
  return placeOf((await embedded).clickhouse)
})

/** `http://HOST:8123` of a ClickHouse server that may be written to; user and password beside it. */
const { MILLRACE_TEST_CLICKHOUSE: url, MILLRACE_TEST_CLICKHOUSE_USER: user = "default" } = process.env
if (url !== undefined) {
  const name = { name: user, password: process.env.MILLRACE_TEST_CLICKHOUSE_PASSWORD ?? "" }
  storeConformance("server", async () =>
    placeOf(
      new HttpClickHouse({
        transport: new HttpTransport({ kind: "url", url }),
        users: { internal: name, reader: name },
        random: new NodeRandom(),
      }),
    ),
  )
}
