/** What `process()` takes and refuses, when it is declared and when the project is bound. */
import { deepEqual, equal, match, throws } from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { event } from "../contracts/event.ts"
import { decimal, int32, int64, json, timestamp } from "../contracts/field-types.ts"
import { isPlatformError } from "../std/errors.ts"
import { bindProject } from "./bind-project.ts"
import { explain } from "./explain.ts"
import { embeddedOnly } from "./pattern/match-recognize.ts"
import { process } from "./process.ts"
import type { ViewDefinition } from "./view.ts"
import { view } from "./view.ts"

const payment = event("payment", {
  schema: z.object({
    id: int64(),
    card: z.string(),
    amount: decimal(12, 2),
    tip: int32().optional(),
    tags: json().optional(),
    paid_at: timestamp(),
  }),
  id: "id",
  time: "paid_at",
})

const BASE = {
  from: payment,
  key: "card",
  output: z.object({ n: int32() }),
  version: 1,
  onRow() {},
} as const

const STATE = { state: z.object({ n: z.number() }), initial: { n: 0 }, stateBound: "unbounded" } as const

/** As a module without types may write it. */
const declare = (options: object, name = "p"): ViewDefinition => process(name, options as typeof BASE)

const REFUSED: readonly (readonly [what: string, options: object, message: RegExp])[] = [
  ["an unknown option", { ...BASE, keys: "card" }, /there is no option keys; the options are from, row/],
  ["no source", { ...BASE, from: 7 }, /from is an event, a view, or the name of one/],
  ["a view without row", { ...BASE, from: "some_view" }, /row is needed: the columns of some_view/],
  [
    "row beside columns",
    { ...BASE, row: z.object({ card: z.string() }), columns: ["card"] },
    /leave columns out/,
  ],
  ["no key", { ...BASE, key: [] }, /key is the column, or a list of columns/],
  ["no version", { ...BASE, version: undefined }, /version is a whole number from 1/],
  ["half a version", { ...BASE, version: 1.5 }, /version is a whole number from 1/],
  ["no handler", { ...BASE, onRow: undefined }, /onRow\(ctx, row\) is needed/],
  ["no initial state", { ...BASE, ...STATE, initial: undefined }, /initial is needed/],
  [
    "an initial state of another type",
    { ...BASE, ...STATE, initial: { n: "0" } },
    /state\.n is "0", and a finite/,
  ],
  [
    "an unbounded state",
    { ...BASE, ...STATE, stateBound: undefined },
    /never go; stateBound is \{ timeToLive/,
  ],
  ["a bound without a state", { ...BASE, stateBound: "unbounded" }, /are of a state; declare state/],
  ["a time to live of nothing", { ...BASE, ...STATE, stateBound: { timeToLive: "0 s" } }, /longer than zero/],
  [
    "a date in the state",
    { ...BASE, ...STATE, state: z.object({ n: z.date() }) },
    /state\.n is z\.date\(\), which/,
  ],
  [
    "a map in the state",
    { ...BASE, ...STATE, state: z.object({ n: z.map(z.string(), z.string()) }) },
    /z\.map\(\)/,
  ],
  [
    "an open object as state",
    { ...BASE, ...STATE, state: z.looseObject({ n: z.number() }) },
    /takes keys that it/,
  ],
  ["no output", { ...BASE, output: undefined }, /output is a z\.object/],
  [
    "a transformed column",
    { ...BASE, output: z.object({ n: z.string().trim() }) },
    /output: field "n" changes its/,
  ],
  [
    "a column in capitals",
    { ...BASE, output: z.object({ meanDelay: int32() }) },
    /"meanDelay" is not snake_case/,
  ],
  ["the time as a column", { ...BASE, output: z.object({ event_time: int32() }) }, /event_time is added/],
  [
    "a side called failures",
    { ...BASE, sideOutputs: { failures: BASE.output } },
    /failures is there already/,
  ],
  ["a side with a bad name", { ...BASE, sideOutputs: { "Too-Large": BASE.output } }, /is not snake_case/],
  ["lateness of a year", { ...BASE, allowedLateness: "400 days" }, /at most 31 days, or "unbounded"/],
]

for (const [what, options, message] of REFUSED) {
  test(`${what} is refused at once`, () => {
    throws(
      () => declare(options),
      (error) => {
        equal(isPlatformError(error, "invalid-process"), true, String(error))
        match((error as Error).message, message)
        return true
      },
    )
  })
}

const FORBIDDEN: readonly (readonly [handler: () => unknown, message: RegExp])[] = [
  [() => Date.now(), /uses Date\.now, which says something else .* use ctx\.processingTime/],
  [() => new Date(), /uses new Date\(\), .* use new Date\(ctx\.time\)/],
  [() => Math.random(), /uses Math\.random, .* use ctx\.random\(\)/],
  [() => crypto.randomUUID(), /uses crypto\.randomUUID/],
  [() => performance.now(), /uses performance\.now/],
  [() => setTimeout(() => {}, 1), /uses setTimeout, .* ctx\.setProcessingTimer/],
  [() => fetch("http://localhost"), /uses fetch\(\), .* an event that brings the answer/],
  [async () => {}, /is async or a generator/],
]

for (const [handler, message] of FORBIDDEN) {
  test(`a handler that is ${String(handler)} is refused`, () => {
    throws(() => declare({ ...BASE, onRow: handler }), message)
  })
}

test("a handler may speak of what it must not use, and make a Date of a time", () => {
  declare({
    ...BASE,
    onRow(ctx: { time: number; emit(row: unknown): void }) {
      // Not Date.now(), which would be the time of the run.
      ctx.emit({ n: new Date(ctx.time).getUTCHours(), why: "no Math.random()" })
    },
  })
})

test("the types of rows, state and outputs follow from their schemas", () => {
  process("typed", {
    ...BASE,
    ...STATE,
    key: ["card", "amount"],
    sideOutputs: { big: z.object({ card: z.string() }) },
    onRow(ctx, row) {
      const id: bigint = row.id
      const tip: number | undefined = row.tip
      const { card, amount }: { card: string; amount: string } = ctx.key
      ctx.state.n += Number(id) + (tip ?? 0)
      ctx.emit({ n: ctx.state.n })
      ctx.output("big", { card: card + amount })
      // @ts-expect-error: the state has numbers
      ctx.state.n = "1"
      // @ts-expect-error: the output has no such column
      ctx.emit({ m: 1 })
      // @ts-expect-error: there is no such side output
      ctx.output("small", { card })
      // @ts-expect-error: the event has no such field
      void row.merchant
    },
  })
})

test("handlers see the columns that are named, and no others", () => {
  process("narrow", {
    ...BASE,
    columns: ["amount", "tip"],
    onRow(ctx, row) {
      const amount: string = row.amount
      const card: string = ctx.key
      ctx.emit({ n: Number(amount) + card.length })
      // @ts-expect-error: it is not among the columns
      void row.id
    },
  })
})

async function problemsOf(...views: readonly ViewDefinition[]): Promise<string[]> {
  const { problems } = await bindProject({ events: [payment], views })
  return problems.map(({ code, message, where }) => `${where} ${code}: ${message}`)
}

const totals = view("totals", {
  sql: "SELECT card, count(*) AS n FROM payment GROUP BY card",
  state: "unbounded",
})
const large = view("large", { sql: "SELECT card, amount, tip, paid_at FROM payment WHERE amount > 100" })

test("what does not fit the other definitions is found when the project is bound", async () => {
  const row = z.object({ card: z.string(), n: int64() })
  deepEqual(await problemsOf(declare({ ...BASE, key: "cart" })), [
    "p unknown-column: payment has no column cart",
  ])
  deepEqual(await problemsOf(declare({ ...BASE, columns: ["amounts"] })), [
    "p unknown-column: payment has no column amounts",
  ])
  deepEqual(await problemsOf(declare({ ...BASE, key: "tags" })), [
    "p process-key: tags cannot be a process's key: json cannot be compared",
  ])
  deepEqual(await problemsOf(declare({ ...BASE, from: "paymant", row })), [
    "p unknown-source: there is no event, view or WITH query named paymant",
  ])
  deepEqual(await problemsOf(totals, declare({ ...BASE, from: totals, row })), [
    "p process-input: the rows of totals cannot be handed to a process: they are replaced or taken back",
  ])
  const wrong = z.object({ card: z.string(), amount: int32() })
  deepEqual(await problemsOf(large, declare({ ...BASE, from: "large", row: wrong })), [
    "p process-row: row: amount is decimal(12,2) in large, and int32 here",
  ])
  const never = z.object({ card: z.string(), tip: int32() })
  deepEqual(await problemsOf(large, declare({ ...BASE, from: "large", row: never })), [
    "p process-row: row: tip may be NULL in large",
  ])
  const fitting = z.object({ card: z.string(), tip: int32().nullable() })
  deepEqual(await problemsOf(large, declare({ ...BASE, from: "large", row: fitting })), [])
})

test("names of side outputs are names of views", async () => {
  const side = { sideOutputs: { large: z.object({ n: int32() }) } }
  const clash = view("p_large", { sql: "SELECT card FROM payment" })
  deepEqual(await problemsOf(declare({ ...BASE, ...side }), clash), [
    "p_large duplicate-name: the name p_large is taken twice (view and view); events and views share one " +
      "set of names",
  ])
  const [circle] = await problemsOf(
    declare({ ...BASE, from: "p_failures", row: z.object({ key: z.string() }), key: "key" }),
  )
  match(circle!, /view-cycle/)
})

async function planOf(options: object, name = "p") {
  const { plans, problems } = await bindProject({ events: [payment], views: [declare(options)] })
  deepEqual(problems, [])
  return plans.find((plan) => plan.name === name)!
}

test("a plan says what it is", async () => {
  const plan = await planOf({ ...BASE, ...STATE, sideOutputs: { big: z.object({ card: z.string() }) } })
  deepEqual(
    plan.columns.map(({ name }) => name),
    ["n", "event_time"],
  )
  deepEqual(embeddedOnly(plan), ["process()"])
  match(explain(plan), /process p version 1 per card +\| append, time event_time, state: of each key until/)
  const side = await planOf(
    { ...BASE, ...STATE, sideOutputs: { big: z.object({ card: z.string() }) } },
    "p_big",
  )
  deepEqual(
    side.columns.map(({ name }) => name),
    ["card", "event_time"],
  )
  deepEqual([side.views, side.events, embeddedOnly(side)], [["p"], [], ["process()"]])
})

test("its version, schemas, key and bounds are in the fingerprint, the handlers' text is not", async () => {
  const base = (await planOf({ ...BASE, ...STATE })).fingerprint
  equal((await planOf({ ...BASE, ...STATE, onRow: () => 7 })).fingerprint, base)
  const others = [
    { version: 2 },
    { key: ["card", "id"] },
    { allowedLateness: "1 s" },
    { stateBound: { timeToLive: "1 day" } },
    { initial: { n: 1 } },
    { state: z.object({ n: z.number().min(0) }) },
    { output: z.object({ n: int64() }) },
    { sideOutputs: { big: BASE.output } },
    { columns: ["amount"] },
    { onEventTimer() {} },
  ]
  const found = await Promise.all(others.map(async (other) => planOf({ ...BASE, ...STATE, ...other })))
  equal(new Set([base, ...found.map(({ fingerprint }) => fingerprint)]).size, others.length + 1)
})
