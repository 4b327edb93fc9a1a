/**
 * What every implementation of the HotStore interface must do. A driver opens stores over one ClickHouse;
 * each law has names of its own there.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { nativeBlock } from "../../src/columns/native/native-block.ts"
import { RowPacker } from "../../src/columns/native/row-packer.ts"
import {
  type Column,
  FLOAT64,
  INT32,
  INT64,
  type Scalar,
  STRING,
  TIMESTAMP,
} from "../../src/columns/types.ts"
import { isPlatformError } from "../../src/std/errors.ts"
import { type ClickHouse, queryRows } from "../../src/stores/clickhouse.ts"
import {
  type EventTable,
  eventBlockColumns,
  type HotStore,
  type StoreBlock,
  type ViewTable,
  viewBlockColumns,
} from "../../src/stores/store.ts"
import { batchOf } from "../kit/batch-of.ts"

export interface StorePlace {
  readonly clickhouse: ClickHouse
  /** A store as a process of the platform opens it; another log is another history. */
  open(logId: string): HotStore
}

type Law = (title: string, body: (place: StorePlace) => Promise<void>) => void

const LOG = "0123456789abcdef0123456789abcdef"

export function storeConformance(name: string, place: () => Promise<StorePlace>): void {
  const law: Law = (title, body) => test(`${name}: ${title}`, async () => body(await place()))
  positionLaws(law)
  schemaLaws(law)
  keyLaws(law)
  cleaningLaws(law)
  multiplicityLaws(law)
  rebuildLaws(law)
  foreignLaws(law)
  dropLaws(law)
}

const column = (name: string, type: Column["type"], nullable = false): Column => ({ name, type, nullable })

function eventTable(name: string, extra: readonly Column[] = []): EventTable {
  const columns = [column("id", INT64), column("at", TIMESTAMP), ...extra, column("processed_at", TIMESTAMP)]
  return { name, columns, time: "at", retentionMs: null }
}

function block(columns: readonly Column[], rows: readonly (readonly Scalar[])[]): StoreBlock {
  const packer = new RowPacker(columns)
  packer.append(batchOf(columns, rows).vectors, rows.length)
  return { rows: rows.length, pieces: [nativeBlock(columns, packer.take())] }
}

const NOW = 1_700_000_000_000_000n
/** Rows of `eventTable` without extra columns: [partition, offset]. */
const rowsAt = (places: readonly (readonly [number, number])[]) =>
  places.map(([partition, offset]) => [BigInt(offset), NOW, NOW, partition, BigInt(offset)] as Scalar[])

function positionLaws(law: Law): void {
  law("a table says how far each partition has come, also to a process that comes later", async (place) => {
    const table = eventTable("law_positions")
    const store = place.open(LOG)
    assert.deepEqual(await store.prepareEvent(table), new Map())
    const columns = eventBlockColumns(table)
    await store.appendEvents(
      table,
      block(
        columns,
        rowsAt([
          [0, 0],
          [0, 1],
          [2, 7],
        ]),
      ),
    )
    await store.appendEvents(table, block(columns, rowsAt([[0, 4]])))
    await store.appendEvents(table, block(columns, []))
    const positions = await place.open(LOG).prepareEvent(table)
    assert.deepEqual([...positions].sort(), [
      [0, 5],
      [2, 8],
    ])
  })

  law("rows of another log give way", async (place) => {
    const table = eventTable("law_other_log")
    const first = place.open(LOG)
    await first.prepareEvent(table)
    await first.appendEvents(table, block(eventBlockColumns(table), rowsAt([[0, 3]])))
    assert.deepEqual(await place.open(`f${LOG.slice(1)}`).prepareEvent(table), new Map())
    assert.deepEqual(await queryRows(place.clickhouse, "SELECT id FROM events.law_other_log"), [])
  })

  law("a block is one part, however large it is", async (place) => {
    const table = eventTable("law_one_part")
    const store = place.open(LOG)
    await store.prepareEvent(table)
    const places = Array.from({ length: 300_000 }, (_, offset) => [offset % 3, offset] as const)
    await store.appendEvents(table, block(eventBlockColumns(table), rowsAt(places)))
    const sql =
      "SELECT rows FROM system.parts WHERE database = 'events' AND table = 'law_one_part' AND active"
    assert.deepEqual(await queryRows(place.clickhouse, sql), [{ rows: "300000" }])
  })
}

function schemaLaws(law: Law): void {
  law(
    "a new field is NULL in the rows before it, and a field that is gone keeps its values",
    async (place) => {
      const old = eventTable("law_fields", [column("gone", STRING, true)])
      const store = place.open(LOG)
      await store.prepareEvent(old)
      await store.appendEvents(old, block(eventBlockColumns(old), [[1n, NOW, "kept", NOW, 0, 0n]]))
      const next = eventTable("law_fields", [column("added", INT32)])
      const later = place.open(LOG)
      assert.deepEqual(await later.prepareEvent(next), new Map([[0, 1]]))
      await later.appendEvents(next, block(eventBlockColumns(next), [[2n, NOW, 5, NOW, 0, 1n]]))
      const sql = "SELECT id, added, gone FROM events.law_fields ORDER BY id"
      assert.deepEqual(await queryRows(place.clickhouse, sql), [
        { id: "1", added: null, gone: "kept" },
        { id: "2", added: 5, gone: null },
      ])
      assert.deepEqual(await place.open(LOG).prepareEvent(next), new Map([[0, 2]]))
    },
  )

  law("rows go when their time has passed, and stay when none is set any more", async (place) => {
    const table = { ...eventTable("law_retention"), retentionMs: 3_600_000 }
    const store = place.open(LOG)
    await store.prepareEvent(table)
    const now = BigInt(Date.now()) * 1_000n
    const rows = [
      [1n, NOW, NOW, 0, 0n],
      [2n, NOW, now, 0, 1n],
    ]
    await store.appendEvents(table, block(eventBlockColumns(table), rows))
    const count = "SELECT id FROM events.law_retention"
    await place.clickhouse.command("OPTIMIZE TABLE events.law_retention FINAL")
    assert.deepEqual(await queryRows(place.clickhouse, count), [{ id: "2" }])
    const kept = { ...table, retentionMs: null }
    assert.deepEqual(await place.open(LOG).prepareEvent(kept), new Map([[0, 2]]))
    await store.appendEvents(kept, block(eventBlockColumns(kept), [[3n, NOW, NOW, 0, 2n]]))
    await place.clickhouse.command("OPTIMIZE TABLE events.law_retention FINAL")
    assert.deepEqual((await queryRows(place.clickhouse, count)).length, 2)
  })
}

async function* blocks(...list: StoreBlock[]): AsyncIterable<StoreBlock> {
  yield* list
}

/** [row, epoch, weight] as a block of the view's shape. */
function changes(table: ViewTable, rows: readonly (readonly [Scalar[], number, number])[]): StoreBlock {
  const last = viewBlockColumns(table).at(-1)!.name
  return block(
    viewBlockColumns(table),
    rows.map(([row, epoch, weight]) => {
      const version = BigInt(2 * epoch + (weight > 0 ? 1 : 0))
      if (last === "_deleted") return [...row, version, weight > 0 ? 0 : 1]
      return last === "_weight" ? [...row, version, BigInt(weight)] : [...row, version]
    }),
  )
}

const keyed = (name: string): ViewTable => ({
  name,
  columns: [column("k", STRING, true), column("n", INT64), column("x", FLOAT64, true)],
  key: [0],
  isAppendOnly: false,
  fingerprint: "1",
})

function keyLaws(law: Law): void {
  law("a view with a key shows the newest row of each, once, without FINAL", async (place) => {
    const table = keyed("law_keyed")
    const store = place.open(LOG)
    assert.equal(await store.prepareView(table), null)
    await store.replaceView(
      table,
      blocks(
        changes(table, [
          [["a", 1n, null], 3, 1],
          [[null, 2n, 0.5], 3, 1],
        ]),
      ),
    )
    await store.applyChanges(
      table,
      changes(table, [
        [["a", 5n, null], 4, 1],
        [["a", 1n, null], 4, -1],
        [["b", 1n, 1], 5, 1],
        [["b", 1n, 1], 6, -1],
        [[null, 2n, 0.5], 6, -1],
      ]),
    )
    const sql = "SELECT k, n, x FROM views.law_keyed ORDER BY k"
    assert.deepEqual(await queryRows(place.clickhouse, sql), [{ k: "a", n: "5", x: null }])
    assert.equal(await place.open(LOG).prepareView(table), 6)
    // The same changes again are no change.
    await store.applyChanges(
      table,
      changes(table, [
        [["a", 5n, null], 4, 1],
        [["a", 1n, null], 4, -1],
      ]),
    )
    assert.deepEqual(await queryRows(place.clickhouse, sql), [{ k: "a", n: "5", x: null }])
  })
}

function cleaningLaws(law: Law): void {
  law("rows of keys that are gone are cleaned away, and no older row comes back", async (place) => {
    const table = keyed("law_cleaned")
    const store = place.open(LOG)
    const keys = Array.from({ length: 12_000 }, (_, n) => n)
    const rowOf = (n: number): Scalar[] => [`k${n}`, BigInt(n), null]
    await store.replaceView(
      table,
      blocks(
        changes(
          table,
          keys.map((n) => [rowOf(n), 3, 1] as const),
        ),
      ),
    )
    const names = "SELECT k FROM views.law_cleaned ORDER BY k"
    const inAll = async () => {
      const sql = "SELECT count() AS n FROM merge('_views', '^law_cleaned__')"
      return Number((await queryRows<{ n: string }>(place.clickhouse, sql))[0]!.n)
    }
    assert.equal(await store.cleanView(table), false, "nothing is gone")
    // All but two go, one of them in the newest epoch; one comes again.
    const gone = keys.slice(2)
    await store.applyChanges(
      table,
      changes(
        table,
        gone.map((n) => [rowOf(n), 4, -1] as const),
      ),
    )
    await store.applyChanges(
      table,
      changes(table, [
        [["k5", 7n, null], 5, 1],
        [rowOf(1), 6, -1],
      ]),
    )
    assert.equal(await store.cleanView(table), true)
    const left = [{ k: "k0" }, { k: "k5" }]
    assert.deepEqual(await queryRows(place.clickhouse, names), left)
    assert.equal(await inAll(), 2)
    // The newest epoch left no row: it may be applied again, and so may all since the position.
    const position = await place.open(LOG).prepareView(table)
    assert.ok(position !== null && position <= 6, `the position is ${position}`)
    await store.applyChanges(
      table,
      changes(table, [
        [["k5", 7n, null], 5, 1],
        [rowOf(1), 6, -1],
      ]),
    )
    assert.deepEqual(await queryRows(place.clickhouse, names), left)
    assert.equal(await place.open(LOG).prepareView(table), 6)
  })
}

function multiplicityLaws(law: Law): void {
  law("a view without a key shows equal rows as often as there are", async (place) => {
    const columns = [column("s", STRING, true), column("i", INT32)]
    const table = { ...keyed("law_counted"), columns, key: null }
    const store = place.open(LOG)
    await store.replaceView(
      table,
      blocks(
        changes(table, [
          [["x", 1], 2, 2],
          [[null, 1], 2, 1],
        ]),
      ),
    )
    await store.applyChanges(
      table,
      changes(table, [
        [["x", 1], 3, 1],
        [[null, 1], 4, -1],
        [["y", 1], 4, 1],
      ]),
    )
    const sql = "SELECT s, count() AS c FROM views.law_counted GROUP BY s ORDER BY s"
    assert.deepEqual(await queryRows(place.clickhouse, sql), [
      { s: "x", c: "3" },
      { s: "y", c: "1" },
    ])
    assert.equal(await place.open(LOG).prepareView(table), 4)
  })

  law("a view whose rows only come shows each", async (place) => {
    const columns = [column("s", STRING, true)]
    const table = { ...keyed("law_appended"), columns, key: null, isAppendOnly: true }
    const store = place.open(LOG)
    await store.replaceView(table, blocks())
    await store.applyChanges(
      table,
      changes(table, [
        [["x"], 3, 1],
        [["x"], 3, 1],
        [[null], 9, 1],
      ]),
    )
    const sql = "SELECT s, count() AS c FROM views.law_appended GROUP BY s ORDER BY s"
    assert.deepEqual(await queryRows(place.clickhouse, sql), [
      { s: "x", c: "2" },
      { s: null, c: "1" },
    ])
    assert.equal(await place.open(LOG).prepareView(table), 9)
  })
}

function rebuildLaws(law: Law): void {
  law("a changed view, or another log, is rebuilt while the old rows are shown", async (place) => {
    const table = keyed("law_rebuilt")
    await place.open(LOG).replaceView(table, blocks(changes(table, [[["old", 1n, null], 3, 1]])))
    const changed = { ...table, fingerprint: "2", columns: [...table.columns, column("y", INT32)] }
    const store = place.open(LOG)
    assert.equal(await store.prepareView(changed), null)
    const names = async () => queryRows(place.clickhouse, "SELECT k FROM views.law_rebuilt")
    const seen: unknown[] = []
    const rebuild = async function* () {
      yield changes(changed, [[["new", 1n, null, 1], 8, 1]])
      seen.push(await names())
    }
    await store.replaceView(changed, rebuild())
    assert.deepEqual([seen, await names()], [[[{ k: "old" }]], [{ k: "new" }]])
    assert.equal(await place.open(LOG).prepareView(changed), 8)
    assert.equal(await place.open(`f${LOG.slice(1)}`).prepareView(changed), null)
    const left = "SELECT name FROM system.tables WHERE database = '_views' AND name LIKE 'law\\_rebuilt%'"
    assert.equal((await queryRows(place.clickhouse, left)).length, 1)
  })
}

function foreignLaws(law: Law): void {
  law("a table that others made is neither changed nor dropped", async (place) => {
    const store = place.open(LOG)
    const [event, view] = [eventTable("law_foreign"), keyed("law_foreign_view")]
    await store.prepareEvent(eventTable("law_beside"))
    for (const name of ["events.law_foreign", "views.law_foreign_view"]) {
      await place.clickhouse.command(`CREATE TABLE ${name} (a Int64) ENGINE = MergeTree ORDER BY a`)
      await place.clickhouse.command(`INSERT INTO ${name} VALUES (7)`)
    }
    const taken = (error: unknown) => isPlatformError(error, "store-table-taken")
    await assert.rejects(store.prepareEvent(event), taken)
    await assert.rejects(store.prepareView(view), taken)
    const others = async (database: string) => {
      const sql = "SELECT name FROM system.tables WHERE database = {database:String}"
      const rows = await queryRows<{ name: string }>(place.clickhouse, sql, { parameters: { database } })
      return rows.map(({ name }) => name).filter((name) => !name.startsWith("law_foreign"))
    }
    await store.dropOthers({ events: await others("events"), views: await others("views") })
    for (const name of ["events.law_foreign", "views.law_foreign_view"]) {
      assert.deepEqual(await queryRows(place.clickhouse, `SELECT a FROM ${name}`), [{ a: "7" }])
      await place.clickhouse.command(`DROP TABLE ${name} SYNC`)
    }
  })
}

function dropLaws(law: Law): void {
  law("what is not declared any more is dropped, and nothing else", async (place) => {
    const store = place.open(LOG)
    const [kept, gone] = [eventTable("law_kept"), eventTable("law_gone")]
    const view = keyed("law_gone_view")
    for (const table of [kept, gone]) await store.prepareEvent(table)
    await store.replaceView(view, blocks(changes(view, [[["a", 1n, null], 3, 1]])))
    const others = async (database: string) => {
      const sql = "SELECT name FROM system.tables WHERE database = {database:String}"
      const rows = await queryRows<{ name: string }>(place.clickhouse, sql, { parameters: { database } })
      return rows.map(({ name }) => name).filter((name) => !name.startsWith("law_gone"))
    }
    const names = { events: await others("events"), views: await others("views") }
    assert.deepEqual(await store.dropOthers(names), ["events.law_gone", "views.law_gone_view"])
    assert.deepEqual([await others("events"), await others("views")], [names.events, names.views])
    assert.deepEqual(await store.dropOthers(names), [])
  })
}
