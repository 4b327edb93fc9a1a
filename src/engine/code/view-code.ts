/**
 * The loop that applies changes to a view's rows. A slot holds the key's fields, then the other columns, then
 * how often the row is there: 0 or 1 with a key, a multiplicity without.
 *
 * With a key, a change that does not meet what it expects (a retraction of another row, a second row) is
 * deferred: it may be answered by a later change of the same epoch, in whatever order branches deliver them.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import type { Column } from "../../columns/types.ts"
import { createRowCode } from "../../expr/compile/row-code-writer.ts"
import type { ColumnReference } from "../../expr/expression.ts"
import type { KeyTable } from "../state/key-table.ts"
import type { PageStore } from "../state/page-store.ts"
import type { SlotField } from "../state/slot-layout.ts"
import { SlotLayout } from "../state/slot-layout.ts"
import { CodeScope } from "./code-scope.ts"
import { FieldLoader } from "./field-loader.ts"
import type { KeyedField, SlotPlace } from "./slot-code.ts"
import {
  DECLARE_VIEWS,
  declareTable,
  equalFields,
  findOnly,
  findOrInsert,
  loadTable,
  storeFields,
} from "./slot-code.ts"

export interface ViewLayout {
  readonly layout: SlotLayout
  /** In the order of the view's columns. */
  readonly fields: readonly SlotField[]
  readonly key: readonly number[]
  readonly keyed: boolean
  readonly presentAt: number
}

export function planViewLayout(columns: readonly Column[], key: readonly number[] | null): ViewLayout {
  const layout = new SlotLayout(columns.filter((column) => column.nullable).length)
  const positions = key ?? columns.map((_, k) => k)
  const rest = columns.map((_, k) => k).filter((k) => !positions.includes(k))
  const fields: SlotField[] = []
  for (const k of [...positions, ...rest]) fields[k] = layout.addField(columns[k]!.type, columns[k]!.nullable)
  return { layout, fields, key: positions, keyed: key !== null, presentAt: layout.addWords(1) }
}

/** What generated code needs of a view. */
export interface ViewTarget {
  readonly table: KeyTable
  readonly touched: { readonly slots: Int32Array; readonly count: number }
  touch(page: number, address: number): void
  defer(batch: ChangeBatch, row: number, weight: number): void
}

/**
 * Applies rows [first, last); `fixedWeight` other than 0 stands for the batch's weights. Returns the row to
 * go on with, which is not the last one when pages have to leave memory first.
 */
export type ApplyChanges = (batch: ChangeBatch, first: number, last: number, fixedWeight: number) => number

const PLACE: SlotPlace = { table: "T", mirror: "m", page: "p", address: "a" }

export function compileApply(
  store: PageStore,
  columns: readonly Column[],
  plan: ViewLayout,
  target: ViewTarget,
): ApplyChanges {
  const scope = new CodeScope()
  const view = scope.bind(target, "view")
  const loader = plainLoader(scope, columns.length)
  const lines: string[] = []
  const load = (k: number): KeyedField => ({
    field: plan.fields[k]!,
    loaded: loader.load(reference(columns[k]!, k), lines),
  })
  const keys = plan.key.map(load)
  const lookup = { ...PLACE, keys, layout: plan.layout, hash: "h", onInsert: "" }
  const find = findOrInsert(scope, lookup)
  const keyLines = lines.splice(0)
  const rest = columns
    .map((_, k) => k)
    .filter((k) => !plan.key.includes(k))
    .map(load)
  const present = `f64[a + ${plan.presentAt}]`
  const change = plan.keyed
    ? `${lines.join("\n")}
       if (w === 1 && ${present} === 0) { ${storeFields(PLACE, rest)} ${present} = 1; }
       else if (w === -1 && ${present} === 1 && ${equalFields(scope, "p", "a", rest)}) ${present} = 0;
       else ${view}.defer(batch, i, w);`
    : `${present} += w;`
  const body = `
    const weights = batch.weights, T = ${view}.table, touched = ${view}.touched;
    ${DECLARE_VIEWS} ${declareTable("m")} ${loadTable("m", "T")}
    let slots = touched.slots, touchedCount = touched.count;
    ${loader.prologue()}
    let count = last;
    for (let i = first; i < count; i++) {
      const w = fixedWeight !== 0 ? fixedWeight : weights === null ? 1 : weights[i];
      ${keyLines.join("\n")}
      ${find}
      const u = i32[(a << 1) + 1];
      if (u >= touchedCount || slots[u] !== a) {
        ${view}.touch(p, a); slots = touched.slots; touchedCount = touched.count;
      }
      ${change}
    }
    return count;`
  return scope.compile<ApplyChanges>(
    "applyChanges",
    ["batch", "first", "last", "fixedWeight"],
    body,
    storeName(store),
  )
}

/**
 * Address of the row whose key is in row 0 of a batch of key columns, or 0. `page` receives its page, which
 * may have come into memory for it.
 */
export type FindKey = (
  batch: { readonly vectors: ChangeBatch["vectors"] },
  table: { bring(hash: number): number },
  found: { page: number },
) => number

export function compileFind(store: PageStore, columns: readonly Column[], plan: ViewLayout): FindKey {
  const scope = new CodeScope()
  const loader = plainLoader(scope, plan.key.length)
  const lines: string[] = []
  const keys = plan.key.map((k, position): KeyedField => {
    const column = { ...columns[k]!, nullable: true }
    return { field: plan.fields[k]!, loaded: loader.load(reference(column, position), lines) }
  })
  const find = findOnly(scope, { ...PLACE, table: "table", keys, layout: plan.layout, hash: "h" })
  const body = `
    const i = 0;
    ${DECLARE_VIEWS}
    ${loader.prologue()}
    ${lines.join("\n")}
    ${find}
    found.page = p;
    return a;`
  return scope.compile<FindKey>("findKey", ["batch", "table", "found"], body, storeName(store))
}

/** Of loops that read columns as they are and compute nothing. */
export function plainLoader(scope: CodeScope, columns: number): FieldLoader {
  const row = createRowCode({ row: "i", batch: "batch", onFailure: () => "" })
  return new FieldLoader(row, scope, columns)
}

export function reference(column: Column, index: number): ColumnReference {
  return { kind: "column", index, name: column.name, type: column.type, nullable: column.nullable }
}

function storeName(store: PageStore) {
  return { names: ["S"], values: [store] }
}
