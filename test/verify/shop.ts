/** A shop whose rows are applied, filtered, late and failed, and a real ClickHouse beside it. */
import { after, before } from "node:test"
import { type EmbeddedStore, openEmbeddedStore } from "../kit/embedded-store.ts"
import { openVerifyWorld, type VerifyWorld } from "./verify-world.ts"

export const SHOP = `# A shop
event sale (id int64, at timestamp, item string, price decimal(10,2), packs int32) out of order 1 minute
event refund (id int64, at timestamp, item string) out of order 1 minute
view per_item (unbounded)
SELECT item, count(*) AS sold, sum(price / packs) AS revenue FROM sale WHERE price > 1
GROUP BY item HAVING count(*) > 1
view best (unbounded)
SELECT count(*) AS items, max(sold) AS most FROM per_item
view per_minute
SELECT window_start, count(*) AS n FROM tumble(sale, at, INTERVAL '1 minute') GROUP BY window_start
view pots
SELECT id, item FROM sale WHERE item = 'pot' UNION ALL SELECT id, item FROM sale WHERE price > 19
view refunds
SELECT id, item FROM refund
rows sale
{"id":1,"at":"2026-01-01T00:00:00Z","item":"tea","price":"4.50","packs":1}
{"id":2,"at":"2026-01-01T00:00:30Z","item":"tea","price":6.25,"packs":2}
{"id":3,"at":"2026-01-01T00:01:10Z","item":"pot","price":"18.99","packs":1}
{"id":4,"at":"2026-01-01T00:05:00Z","item":"tea","price":"0.50","packs":1}
{"id":5,"at":"2026-01-01T00:05:00Z","item":"tea","price":"2.50","packs":0}
`

export interface Shop {
  readonly store: EmbeddedStore
  readonly world: VerifyWorld
}

export interface UseShop {
  /** Before the project runs. */
  readonly prepare?: (store: EmbeddedStore) => Promise<void>
  /** What the tests find. */
  readonly opened?: (shop: Shop) => Promise<void>
}

/** Opens store and world before the tests of a file, and closes them behind. */
export function useShop({ prepare, opened }: UseShop = {}): () => Shop {
  let [store, world]: [EmbeddedStore | null, VerifyWorld | null] = [null, null]
  const shop = () => {
    if (store === null || world === null) throw new Error("the shop is open while tests run")
    return { store, world }
  }
  // One hook: those of a file do not wait for each other.
  before(async () => {
    store = await openEmbeddedStore()
    await prepare?.(store)
    world = await openVerifyWorld({ clickhouse: store.clickhouse, project: SHOP })
    await opened?.(shop())
  })
  after(async () => {
    await world?.[Symbol.asyncDispose]()
    await store?.[Symbol.asyncDispose]()
  })
  return shop
}
