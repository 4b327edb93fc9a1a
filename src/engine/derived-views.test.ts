/**
 * Views of which only steps behind their operators changed: their rows are made of what the operators hold,
 * at once, and from then on they are what they would be had they been so from the beginning.
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Column } from "../columns/types.ts"
import { decimal, INT64 } from "../columns/types.ts"
import type { Expression } from "../expr/expression.ts"
import { SeededRandom } from "../std/random.ts"
import { createEngine, type EngineOptions } from "./create-engine.ts"
import type { OperatorSpec, OverSpec, RankSpec, StageSpec } from "./dataflow.ts"
import { column } from "./kit/batches.ts"
import { EVENT, KEY, TUMBLE, VALUE } from "./kit/events.ts"
import { aggregate, call, col, compare, lit } from "./kit/expressions.ts"
import { groupBy, source, view } from "./kit/harness.ts"
import { joinOf } from "./kit/joins.ts"
import { keepingNothing } from "./kit/memory-spill.ts"
import { type ChangedViews, epoch, partsOf, proveChange } from "./kit/prove-change.ts"

/** A sum of a few of them is none. */
const HUGE = lit(10n ** 37n, decimal(38, 0))

interface Step {
  readonly id: string
  readonly input: string
  readonly columns: readonly Column[]
  readonly names: readonly string[]
  readonly filter?: Expression
}

/** Some columns of those rows that the filter lets pass. */
function step({ id, input, columns, names, filter }: Step): StageSpec {
  const kept = names.map((name) => columns.find((each) => each.name === name)!)
  const outputs = names.map((name) => col(columns, name))
  return { kind: "stage", id, input, filter: filter ?? null, window: null, outputs, columns: kept }
}

interface Shown extends Partial<Pick<Step, "names" | "filter">> {
  readonly key?: readonly number[] | null
}

/** A view of an operator's rows behind one step. */
function shown(name: string, input: string, columns: readonly Column[], parts: Shown): OperatorSpec[] {
  const { names = columns.map((each) => each.name), key = [0] } = parts
  const one = step({ id: `${name} step`, input, columns, ...parts, names })
  return [one, view(name, one.id, one.columns, key)]
}

const groups = groupBy("events", {
  keys: [KEY],
  aggregates: [aggregate("count", null), aggregate("sum", VALUE), aggregate("max", VALUE)],
})
const above = (columns: readonly Column[], name: string, value: bigint | number) => {
  const { type } = col(columns, name)
  return compare("gt", col(columns, name), lit(value, type))
}
const groupsAbove = (least: bigint) => above(groups.columns, "count0", least)

/** In every arrangement of parts, and with pages that leave whenever they may. */
function proveEach(change: ChangedViews): void {
  const arrangements: readonly (readonly [EngineOptions, EngineOptions])[] = [
    [{}, {}],
    [{ parts: 3 }, { parts: 3 }],
    [{ parts: 2 }, { parts: 1 }],
    [{}, { parts: 3 }],
    [keepingNothing(), keepingNothing()],
    [keepingNothing(), { ...keepingNothing(), parts: 2 }],
  ]
  for (const [oldOptions, options] of arrangements) proveChange({ ...change, oldOptions, options })
}

test("another condition on groups, other columns, another key", () => {
  const before = [groups, ...shown("many", "groups", groups.columns, { filter: groupsAbove(25n) })]
  const having = shown("many", "groups", groups.columns, { filter: groupsAbove(32n) })
  const others = { filter: groupsAbove(3n), names: ["max2", "key"], key: [1] }
  const wider = shown("many", "groups", groups.columns, others)
  const all = [view("many", "groups", groups.columns, [0])]
  const bag = shown("many", "groups", groups.columns, { names: ["count0"], key: null })
  for (const views of [having, wider, all, bag]) {
    proveEach({ before, after: [groups, ...views], kept: [], derived: ["many"] })
  }
})

test("first rows of partitions, and window functions", () => {
  const order = [{ column: 1, descending: true, nullsFirst: false }]
  const base = { input: "events", partition: [0], order, expiry: null, emit: "changes" } as const
  const columns = [...EVENT, column("place", INT64, false)]
  const bounds = { offset: 1n, limit: 4n, ranked: true, columns }
  const ranks = (["row_number", "rank", "dense_rank"] as const).map((name): RankSpec => {
    return { kind: "rank", id: "placed", ...base, ...bounds, function: name }
  })
  const [firsts] = ranks
  const unparted: RankSpec = { ...firsts!, partition: [], limit: 50n }
  const retracted: RankSpec = { ...unparted, input: "groups", columns: [...groups.columns, columns[3]!] }
  const call = { kind: "over", name: "row_number", args: [], filter: null, frame: null } as const
  const numbered: OverSpec = {
    kind: "over",
    id: "placed",
    ...base,
    peerTerms: 1,
    calls: [{ ...call, type: INT64, nullable: false }],
    columns,
  }
  for (const operator of [...ranks, unparted, retracted, numbered]) {
    const of = (least: bigint) => {
      const filter = above(operator.columns, "place", least)
      const front = operator.input === "groups" ? [groups] : []
      return [...front, operator, ...shown("rows", "placed", operator.columns, { filter, key: null })]
    }
    proveEach({ before: of(2n), after: of(3n), kept: [], derived: ["rows"] })
  }
})

test("the first row of each partition, and the first ones by number", () => {
  const order = [{ column: 1, descending: true, nullsFirst: false }]
  const base = { input: "events", partition: [0], order, expiry: null, emit: "changes" } as const
  for (const limit of [1n, 3n]) {
    const parts = { offset: 0n, limit, ranked: false, columns: EVENT }
    const firsts: RankSpec = { kind: "rank", id: "first", ...base, ...parts, function: "row_number" }
    const of = (least: number) => {
      const filter = above(EVENT, "value", least)
      return [firsts, ...shown("rows", "first", EVENT, { filter, key: null })]
    }
    proveEach({ before: of(980), after: of(950), kept: [], derived: ["rows"] })
  }
})

test("through what views have in common", () => {
  const shared: OperatorSpec[] = [
    groups,
    { ...view("shared", "groups", groups.columns, [0]), isInternal: true, keepsRows: false } as OperatorSpec,
  ]
  const of = (name: string, least: bigint) =>
    shown(name, "view shared", groups.columns, { filter: groupsAbove(least) })
  proveEach({
    before: [...shared, ...of("a", 20n), ...of("b", 30n)],
    after: [...shared, ...of("a", 20n), ...of("b", 31n)],
    kept: ["shared", "a"],
    derived: ["b"],
  })
})

test("rows of a view that goes on, windows that closed long ago among them", () => {
  const hours = groupBy("events", {
    ...{ id: "hours", keys: [KEY], aggregates: [aggregate("max", VALUE)], window: TUMBLE },
    ...{ windowKeys: { start: null, end: null }, emit: "final" },
  })
  const closed = view("closed", "hours", hours.columns, null)
  const of = (least: number) => {
    const filter = above(hours.columns, "max0", least)
    return [hours, closed, ...shown("high", "view closed", hours.columns, { filter, key: null })]
  }
  proveEach({ before: of(900), after: of(800), kept: ["closed"], derived: ["high"] })
})

test("a view over a view that is made of state, behind steps alone", () => {
  const of = (least: bigint, names: readonly string[]) => [
    groups,
    ...shown("many", "groups", groups.columns, { filter: groupsAbove(least) }),
    ...shown("counts", "view many", groups.columns, { names, key: null }),
  ]
  proveEach({
    before: of(25n, ["count0"]),
    after: of(28n, ["count0", "max2"]),
    kept: [],
    derived: ["many", "counts"],
  })
})

test("several operators behind one view", () => {
  const others = { ...groups, id: "others", filter: above(EVENT, "value", 500) }
  const shape = { columns: groups.columns, names: ["key", "count0"] }
  const of = (least: bigint): OperatorSpec[] => [
    ...[groups, others],
    step({ id: "one", input: "groups", ...shape, filter: groupsAbove(least) }),
    step({ id: "two", input: "others", ...shape }),
    { kind: "union", id: "both", inputs: ["one", "two"], columns: groups.columns.slice(0, 2) },
    view("both", "both", groups.columns.slice(0, 2), null),
  ]
  proveEach({ before: of(10n), after: of(30n), kept: [], derived: ["both"] })
})

test("begin anew: windows, joins, rows of events, another operator, readers with operators", () => {
  const kept = [{ ...groups, id: "others" }, view("kept", "others", groups.columns, [0])]
  const anew = (of: (least: bigint) => readonly OperatorSpec[]) => {
    proveChange({ before: [...kept, ...of(20n)], after: [...kept, ...of(30n)], kept: ["kept"] })
  }
  const many = (least: bigint) => shown("many", "groups", groups.columns, { filter: groupsAbove(least) })
  const windowKeys = { start: null, end: null }
  anew((least) => [
    { ...groups, window: TUMBLE, windowKeys, allowedLatenessUs: 5n },
    ...shown("many", "groups", groups.columns, { filter: groupsAbove(least), key: null }),
  ])
  const join = joinOf({ type: "semi", keys: [0] }, { left: "events", right: "events" })
  anew((least) => [
    join,
    ...shown("rows", "join", join.columns, { filter: above(EVENT, "value", Number(least)), key: null }),
  ])
  anew((least) => shown("rows", "events", EVENT, { filter: above(EVENT, "value", Number(least)), key: null }))
  anew((least) => [{ ...groups, filter: above(EVENT, "value", Number(least)) }, ...many(least)])
  const spread = groupBy("view many", {
    id: "spreads",
    keys: [col(groups.columns, "count0")],
    aggregates: [],
  })
  anew((least) => [groups, ...many(least), spread, view("spread", "spreads", spread.columns, [0])])
})

test("rows that fail behind operators are counted, sums that overflowed are not once more", () => {
  const aggregates = [aggregate("sum", HUGE), aggregate("count", null)]
  const tooMuch = groupBy("events", { keys: [KEY], aggregates })
  const { columns } = tooMuch
  const share = (by: bigint) => {
    const divisor = call("subtract", INT64, col(columns, "count1"), lit(by, INT64))
    const filter = compare("gt", call("divide", INT64, lit(1_000n, INT64), divisor), lit(20n, INT64))
    return [tooMuch, ...shown("shares", "groups", columns, { filter, names: ["key", "count1"] })]
  }
  const inputs = Array.from({ length: 3 }, (_, k) => epoch(k + 1, new SeededRandom(k)))
  const old = createEngine([source(EVENT), ...share(0n)])
  for (const input of inputs) old.runEpoch(input)
  const before = old.losses("shares")
  assert.ok(before.overflowedResults > 0)
  const counts = new Map<bigint, number>()
  using snapshot = old.snapshot("shares")
  for (const value of snapshot.select({ where: [], sort: [], offset: 0, limit: 100 }).vectors[1]!.values) {
    counts.set(BigInt(value), (counts.get(BigInt(value)) ?? 0) + 1)
  }
  const [value, times] = [...counts].sort((a, b) => b[1] - a[1])[0]!
  const changed = createEngine([source(EVENT), ...share(value)])
  assert.deepEqual([...changed.restore(partsOf(old)).derived], ["shares"])
  assert.deepEqual(changed.losses("shares"), { ...before, failedChanges: before.failedChanges + times })
})

test("a checkpoint that says nothing of operators gives unchanged views alone", () => {
  const before = [groups, ...shown("many", "groups", groups.columns, { filter: groupsAbove(20n) })]
  const after = [groups, ...shown("many", "groups", groups.columns, { filter: groupsAbove(30n) })]
  const old = createEngine([source(EVENT), ...before])
  old.runEpoch(epoch(1, new SeededRandom(1)))
  const parts = partsOf(old).map((part) => {
    if (part.name !== "$engine/meta") return part
    const { operators, ...meta } = JSON.parse(new TextDecoder().decode(part.bytes))
    assert.deepEqual(Object.keys(operators), ["many"])
    return { ...part, bytes: new TextEncoder().encode(JSON.stringify(meta)) }
  })
  const engine = createEngine([source(EVENT), ...after])
  assert.throws(() => engine.restore(parts), { code: "checkpoint-mismatch" })
})
