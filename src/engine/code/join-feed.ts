/**
 * The loop that takes changes of one side of a join: finds the row's key, keeps the row, and goes through the
 * other side's rows with that key.
 *
 *   row: { load -> find key -> find the row, or keep it -> for each partner: condition -> put out, count }
 *
 * There are two such loops. One is for rows that are all in memory: it follows their links. The other one
 * asks for pages where it meets a blank one, and while it goes through a key's rows it lets pages leave, its
 * own row's as well, so that no key has more rows than it can go through. Both stop behind a row when there
 * are too many pages in memory.
 *
 * A row that is kept is counted even where its multiplicity falls to zero within the epoch; the flush, or the
 * end of the row's turn where nothing depends on it, lets it go.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import type { Column } from "../../columns/types.ts"
import { createRowCode } from "../../expr/compile/row-code-writer.ts"
import type { ColumnReference } from "../../expr/expression.ts"
import { mapColumns } from "../../expr/rewrite.ts"
import type { CodeValue, RowCode } from "../../expr/row-code.ts"
import type { Share } from "../exchange/share.ts"
import type { JoinSideState } from "../operators/join-side.ts"
import { INDEX_ID_HALF, INDEX_SHAPE } from "../operators/join-side.ts"
import type { KeyTable } from "../state/key-table.ts"
import { BLANK, type PageStore } from "../state/page-store.ts"
import { rowAddress, SLOT_BITS } from "../state/row-page.ts"
import { CodeScope } from "./code-scope.ts"
import { FieldLoader } from "./field-loader.ts"
import type { JoinBlock } from "./join-output.ts"
import { BLOCK_ROWS } from "./join-output.ts"
import type { JoinPlan, SidePlan } from "./join-plan.ts"
import { UNLINKED } from "./join-plan.ts"
import { fieldValue } from "./record-code.ts"
import type { KeyedField } from "./slot-code.ts"
import {
  DECLARE_VIEWS,
  declareTable,
  equalFields,
  findOrInsert,
  hashKeys,
  loadTable,
  RETAKE_VIEWS,
  STOP_WHEN_CROWDED,
  storeWords,
} from "./slot-code.ts"

/** What generated code needs of a join. */
export interface JoinTarget {
  readonly share: Share
  readonly keys: KeyTable
  readonly sides: readonly [JoinSideState, JoinSideState]
  readonly block: JoinBlock
  /** Puts the block out. */
  drain(): void
  /** Takes a row of a side out at once; the block is put out before. */
  forget(side: number, id: number): void
  /** Pairs whose condition failed. */
  fail(count: number): void
}

/** Takes rows of the batch from one on; returns the one that it stopped before. */
export type FeedJoin = (batch: ChangeBatch, from: number) => number

/** Where rows and their index lie: what the loop has to reckon with. */
export type RowsAt = "in-memory" | "anywhere"

interface FeedOptions {
  readonly store: PageStore
  readonly plan: JoinPlan
  readonly join: JoinTarget
  readonly port: 0 | 1
  readonly rows: RowsAt
}

export function compileFeed(options: FeedOptions): FeedJoin {
  return new FeedWriter(options).compile()
}

class FeedWriter {
  readonly #store: PageStore
  readonly #plan: JoinPlan
  readonly #port: 0 | 1
  readonly #own: SidePlan
  readonly #other: SidePlan
  readonly #scope = new CodeScope()
  readonly #join: string
  readonly #share: Share
  readonly #loader: FieldLoader
  /** For the condition: columns of both sides, by index. */
  readonly #extra = new Map<number, CodeValue>()
  readonly #row: RowCode
  readonly #all: readonly KeyedField[]
  readonly #loads: string[] = []
  readonly #rows: RowsAt

  constructor({ store, plan, join: target, port, rows }: FeedOptions) {
    this.#store = store
    this.#rows = rows
    this.#plan = plan
    this.#port = port
    this.#own = plan.sides[port]
    this.#other = plan.sides[port === 0 ? 1 : 0]
    this.#join = this.#scope.bind(target, "join")
    this.#share = target.share
    this.#row = createRowCode({
      row: "i",
      batch: "batch",
      extra: this.#extra,
      onFailure: () => "{ failed++; continue partners; }",
    })
    const { columns } = this.#own.side
    this.#loader = new FieldLoader(this.#row, this.#scope, columns.length)
    this.#all = columns.map((column, k) => ({
      field: this.#own.fields[k]!,
      loaded: this.#loader.load(reference(column, k), this.#loads),
    }))
  }

  compile(): FeedJoin {
    const partners = this.#partners()
    const body = `
      let count = batch.length;
      const weights = batch.weights, J = ${this.#join};
      const T = J.keys, X = J.sides[${this.#port}], Y = J.sides[${1 - this.#port}], B = J.block;
      const XR = X.rows, N = X.index, XB = XR.buckets, bl = B.left, br = B.right, bw = B.weights;
      const XD = XR.directory, YD = Y.rows.directory, ydir = YD.pages;
      let xdir = XD.pages, xgen = XD.generation, ygen = YD.generation, filled = B.count, failed = 0;
      ${DECLARE_VIEWS} ${declareTable("m")} ${loadTable("m", "T")} ${declareTable("n")} ${this.#loadIndex()}
      ${this.#loader.prologue()}
      ${this.#row.prologue()}
      for (let i = from; i < count; i++) row: {
        const w = weights === null ? 1 : weights[i];
        if (w === 0) break row;
        ${this.#loads.join("\n")}
        ${this.#withoutKey()}
        ${this.#withKey(partners)}
      }
      B.count = filled;
      J.drain();
      if (failed !== 0) J.fail(failed);
      return count;`
    const { names, values } = this.#row.bound
    return this.#scope.compile<FeedJoin>("feedJoin", ["batch", "from"], body, {
      names: [...names, "S"],
      values: [...values, this.#store],
    })
  }

  /** NULL equals nothing: such a row has no partner, and is kept only where that is something to tell. */
  #withoutKey(): string {
    const nulls = this.#own.side.keys.flatMap((at) => this.#all[at]!.loaded.isNull ?? [])
    if (nulls.length === 0) return ""
    const keeps = this.#own.shown === "without-partner" && this.#share.hasFirst
    const keep = keeps ? this.#keep(null) : ""
    return `if (${nulls.join(" || ")}) { ${keep} break row; }`
  }

  #withKey(partners: string): string {
    const keys = this.#own.side.keys.map((at, k) => ({
      field: this.#plan.keyFields[k]!,
      loaded: this.#all[at]!.loaded,
    }))
    const lookup = { table: "T", mirror: "m", page: "kp", address: "ka", hash: "h" }
    const onHash = this.#share.skipOthers("h", "break row;")
    const { keyLayout: layout } = this.#plan
    const find = findOrInsert(this.#scope, {
      ...lookup,
      keys,
      layout,
      onInsert: "",
      onHash,
    })
    return `${find}
      const head = i32[(ka << 1) + ${this.#own.headHalf}], first = i32[(ka << 1) + ${this.#other.headHalf}];
      ${this.#own.keepsFirst ? "if (head !== 0) break row;" : ""}
      ${this.#keep("h")}
      ${partners}
      ${this.#own.rowHashHalf === null || this.#defers ? "" : this.#forgetIfGone()}`
  }

  /** Rows that fell to zero stay until the flush, which knows how often they were put out. */
  get #defers(): boolean {
    return this.#own.shown !== "never" && !this.#own.waits
  }

  /** Leaves `id`, `p`, `a` at the row, counted, and `isNew`. `hash` is null for a row without a key. */
  #keep(hash: string | null): string {
    const insert = this.#insert(hash)
    if (this.#own.rowHashHalf === null) return `const isNew = true; let id = 0, p = 0, a = 0; ${insert}`
    const times = `i32[(a << 1) + ${this.#own.timesHalf}]`
    return `
      ${hashKeys(this.#scope, "g", this.#all)}
      let id = 0, p = 0, a = 0;
      ${this.#findRow()}
      const isNew = id === 0;
      if (isNew) { ${insert} ${hash === null ? "" : "if (w < 0) X.negatives++;"} }
      else {
        if (f64[p] !== xgen) { XD.own(id >>> ${SLOT_BITS}); ${RETAKE_VIEWS} ${STOP_WHEN_CROWDED} }
        p = xdir[id >>> ${SLOT_BITS}]; a = ${rowAddress("p", "id", this.#own.shape)};
        ${touch(this.#own, { side: "X", id: "id", address: "a" })}
        const old = ${times};
        ${times} = old + w;
        ${hash === null ? "" : "X.negatives += (old + w < 0 ? 1 : 0) - (old < 0 ? 1 : 0);"}
      }
      ${hash === null && !this.#defers ? this.#forgetIfGone() : ""}`
  }

  #findRow(): string {
    return `{
      let np = n_dir[g >>> n_shift];
      ${this.#whereBlank("np", `np = N.bring(g); ${RETAKE_VIEWS} ${this.#loadIndex()} ${STOP_WHEN_CROWDED}`)}
      const nx = (np << 1) + 16, mask = i32[nx - 14], tag = (g >>> 8) & 65535;
      for (let at = g & mask; ; at = (at + 1) & mask) {
        const entry = i32[nx + at];
        if (entry === 0) break;
        if ((entry >>> 16) !== tag) continue;
        const na = np + i32[nx - 13] + ((entry & 65535) - 1) * ${INDEX_SHAPE.strideWords};
        if (i32[na << 1] !== g) continue;
        const c = i32[(na << 1) + ${INDEX_ID_HALF}];
        p = xdir[c >>> ${SLOT_BITS}];
        ${this.#whereBlank("p", `p = XD.bring(c >>> ${SLOT_BITS}); ${RETAKE_VIEWS} ${STOP_WHEN_CROWDED}`)}
        a = ${rowAddress("p", "c", this.#own.shape)};
        if (${equalFields(this.#scope, "p", "a", this.#all)}) { id = c; break; }
      }
    }`
  }

  #insert(hash: string | null): string {
    const { shape, timesHalf, nextHalf, previousHalf, rowHashHalf, headHalf } = this.#own
    const lengths = this.#all.flatMap(({ loaded }) =>
      loaded.bytes ? [`${loaded.bytes.end} - ${loaded.bytes.start}`] : [],
    )
    const half = (at: number) => `i32[(a << 1) + ${at}]`
    const bytes = this.#all.flatMap(({ field, loaded }) => {
      if (loaded.bytes === null) return []
      const { data, start, end } = loaded.bytes
      return [`XR.storeBytes(${field.offset}, ${data}, ${start}, ${end});`]
    })
    const index = `{ const na = N.insert(g, 0); ${RETAKE_VIEWS} ${this.#loadIndex()}
      i32[(na << 1) + ${INDEX_ID_HALF}] = id; ${half(rowHashHalf ?? 0)} = g; }`
    const linkHead = `if (head !== 0) {
        let hp = xdir[head >>> ${SLOT_BITS}];
        if (f64[hp] !== xgen) { hp = XD.own(head >>> ${SLOT_BITS}); ${RETAKE_VIEWS} }
        i32[((${rowAddress("hp", "head", shape)}) << 1) + ${previousHalf}] = id;
      }`
    const link = `${half(0)} = h; ${half(nextHalf)} = head; i32[(ka << 1) + ${headHalf}] = id;
      ${this.#losesRows ? linkHead : ""}`
    return `
      ${this.#seek()}
      id = XR.insert(${lengths.length === 0 ? "0" : lengths.join(" + ")}, time);
      ${RETAKE_VIEWS} ${STOP_WHEN_CROWDED} xdir = XD.pages; p = XR.page; a = XR.address;
      ${storeWords("a", this.#all)}
      ${bytes.join("\n")}
      ${half(timesHalf)} = w;
      ${hash === null ? `${half(previousHalf)} = ${UNLINKED};` : link}
      ${rowHashHalf === null ? "" : index}
      ${this.#defers ? "X.touch(id, a, 0);" : ""}`
  }

  get #losesRows(): boolean {
    return this.#own.rowHashHalf !== null || this.#own.side.expiry !== null
  }

  /** Declares the row's time as a double and opens its bucket. */
  #seek(): string {
    const { expiry } = this.#own.side
    if (expiry === null) return "const time = 0;"
    const { isNull, halves } = this.#all[expiry.at]!.loaded
    const exact = `${this.#scope.bind(joinHalves, "exact")}(${halves[0]}, ${halves[1]})`
    const find = `if (!(time >= XB.from && time < XB.until) && !XR.seekRecent(time)) XR.seek(${exact});`
    return `const time = ${halves[1]} * 4294967296 + (${halves[0]} >>> 0);
      ${isNull === null ? find : `if (${isNull}) XR.seekTimeless(); else ${find}`}`
  }

  #forgetIfGone(): string {
    return `if (!isNew && i32[(a << 1) + ${this.#own.timesHalf}] === 0) {
      B.count = filled; J.forget(${this.#port}, id); filled = 0;
      ${RETAKE_VIEWS} ${loadTable("m", "T")} ${this.#loadIndex()} ${STOP_WHEN_CROWDED}
    }`
  }

  /** Statements for a page that is not in memory; none where all of them are. */
  #whereBlank(page: string, statements: string): string {
    return this.#rows === "in-memory" ? "" : `if (${page} === ${BLANK}) { ${statements} }`
  }

  /**
   * Leaves `q` at the page of row `j`. Where rows are anywhere, nothing but this row and the one that it
   * meets has to be in memory: what waits to be put out is, and other pages leave where there are too many.
   */
  #takePartner(call: "bring" | "own"): string {
    const take = `q = YD.${call}(j >>> ${SLOT_BITS}); ${RETAKE_VIEWS} ${STOP_WHEN_CROWDED}`
    if (this.#rows === "in-memory") return take
    return `if (S.isCrowded) {
        B.count = filled; J.drain(); filled = 0;
        S.relieve();
        p = XD.own(id >>> ${SLOT_BITS}); a = ${rowAddress("p", "id", this.#own.shape)};
      }
      ${take} ${loadTable("m", "T")} ${this.#loadIndex()} xgen = XD.generation; ygen = YD.generation;`
  }

  /** Goes through the other side's rows with the same key. */
  #partners(): string {
    const { timesHalf, nextHalf, partnersHalf, shape, shown } = this.#other
    const { before, inside } = this.#condition()
    const [mine, theirs] = this.#port === 0 ? ["bl", "br"] : ["br", "bl"]
    const put = `const times = w * m;
      if (times !== 0) {
        ${mine}[filled] = id; ${theirs}[filled] = j; bw[filled] = times;
        if (++filled === ${BLOCK_ROWS}) { B.count = filled; J.drain(); filled = 0; }
      }`
    const countTheirs = `
      if (f64[q] !== ygen) { ${this.#takePartner("own")} b = ${rowAddress("q", "j", shape)}; }
      ${touch(this.#other, { side: "Y", id: "j", address: "b" })}
      i32[(b << 1) + ${partnersHalf}] += w;`
    const own = this.#own.shown !== "never"
    return `
      ${before}
      let partnerCount = 0;
      partners: for (let j = first, next = 0; j !== 0; j = next) {
        let q = ydir[j >>> ${SLOT_BITS}];
        ${this.#whereBlank("q", this.#takePartner("bring"))}
        let b = ${rowAddress("q", "j", shape)};
        next = i32[(b << 1) + ${nextHalf}];
        ${inside}
        const m = i32[(b << 1) + ${timesHalf}];
        ${own ? "partnerCount += m;" : ""}
        ${this.#plan.putsPairs ? put : ""}
        ${shown === "never" ? "" : countTheirs}
        ${this.#other.oneIsEnough ? "break;" : ""}
      }
      ${own ? `if (isNew) i32[(a << 1) + ${this.#own.partnersHalf}] = partnerCount;` : ""}`
  }

  /** The condition, read from both rows as they are stored. */
  #condition(): { readonly before: string; readonly inside: string } {
    const { condition, left } = this.#plan.spec
    if (condition === null) return { before: "", inside: "" }
    const before: string[] = []
    const inside: string[] = []
    const used = new Set<number>()
    mapColumns(condition, (column) => {
      used.add(column.index)
      return column
    })
    const width = left.columns.length
    for (const index of [...used].sort((a, b) => a - b)) {
      const isLeft = index < width
      const plan = this.#plan.sides[isLeft ? 0 : 1]
      const field = plan.fields[isLeft ? index : index - width]!
      const place = plan === this.#own ? { page: "p", address: "a" } : { page: "q", address: "b" }
      const lines = plan === this.#own ? before : inside
      this.#extra.set(index, fieldValue(this.#scope, field, place, lines))
    }
    const { value, isNull } = this.#row.evaluate(condition)
    inside.push(this.#row.takeStatements())
    inside.push(`if (!(${isNull === null ? value : `!(${isNull}) && (${value})`})) continue partners;`)
    return { before: before.join("\n"), inside: inside.join("\n") }
  }

  #loadIndex(): string {
    return this.#own.rowHashHalf === null ? "" : loadTable("n", "N")
  }
}

/** Remembers how often a row was put out by itself, before it changes. */
function touch(
  { shown, waits, timesHalf, partnersHalf }: SidePlan,
  { side, id, address }: { readonly side: string; readonly id: string; readonly address: string },
): string {
  if (shown === "never" || waits) return ""
  const half = (at: number) => `i32[(${address} << 1) + ${at}]`
  const isShown = `${half(partnersHalf)} ${shown === "with-partner" ? "!==" : "==="} 0`
  return `{ const u = ${half(1)};
    if (u >= ${side}.touchedCount || ${side}.touched[u] !== ${id}) {
      ${side}.touch(${id}, ${address}, ${isShown} ? ${half(timesHalf)} : 0);
    } }`
}

function reference(column: Column, index: number): ColumnReference {
  return { kind: "column", index, name: column.name, type: column.type, nullable: column.nullable }
}

function joinHalves(low: number, high: number): bigint {
  return (BigInt(high) << 32n) + BigInt(low >>> 0)
}
