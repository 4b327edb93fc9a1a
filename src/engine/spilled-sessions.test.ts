/** Sessions, their rows and their groups, with more of them than their memory. */
import { test } from "node:test"
import { INT32 } from "../columns/types.ts"
import type { SeededRandom } from "../std/random.ts"
import type { AggregateSpec, OperatorSpec } from "./dataflow.ts"
import { WINDOWS } from "./kit/events.ts"
import { aggregate, col, compare, lit } from "./kit/expressions.ts"
import { groupBy, source, view } from "./kit/harness.ts"
import { compareInAnEighth, compareTakenOver } from "./kit/in-an-eighth.ts"
import { EPOCH_US, LONG_EVENT as EVENT, longRowEpochs } from "./kit/long-rows.ts"

const LIMIT = 4 << 20

/** Few keys, and most texts once. */
const byKey = longRowEpochs({ seed: 11, rows: 1_600, keys: 40, epochs: 24, cells: texts(60_000, 500) })
/** Most texts once or twice. */
const byText = longRowEpochs({ seed: 12, rows: 800, keys: 1, epochs: 32, cells: texts(20_000, 800) })

function texts(count: number, bytes: number) {
  return (random: SeededRandom) => {
    const value = random.below(count)
    return { text: `${value} ${"long ".repeat(bytes / 5)}`, value }
  }
}

const [KEY, TEXT, VALUE, TIME] = EVENT.map(({ name }) => col(EVENT, name))

function sessions(spec: Pick<AggregateSpec, "keys" | "aggregates"> & Partial<AggregateSpec>): OperatorSpec[] {
  const groups = groupBy("events", { ...spec, allowedLatenessUs: 16n * EPOCH_US })
  const kept = groups.columns.filter(({ type }) => type.kind !== "string")
  const filter = compare("gte", col(groups.columns, kept.at(-1)!.name), lit(3n, kept.at(-1)!.type))
  const outputs = kept.map(({ name }) => col(groups.columns, name))
  const stage = { kind: "stage", id: "shown", input: groups.id, filter, window: null } as const
  return [source(EVENT), groups, { ...stage, outputs, columns: kept }, view("rows", "shown", kept, null)]
}

/** By a long text: the groups, the records of sessions and what waits for them are large. */
const merging = () =>
  sessions({
    session: { time: TIME!, gapUs: 40n * EPOCH_US, keys: [TEXT!] },
    keys: [TEXT!, col([...EVENT, ...WINDOWS], "window_end")],
    windowKeys: { start: null, end: 1 },
    aggregates: [aggregate("sum", VALUE!), aggregate("count", null)],
  })

/** Of rows that are kept, since distinct values of two sessions are not those of one. */
const keeping = (emit: AggregateSpec["emit"] = "changes") =>
  sessions({
    session: { time: TIME!, gapUs: 100_000n, keys: [KEY!] },
    keys: [col([...EVENT, ...WINDOWS], "window_start"), KEY!],
    windowKeys: { start: 0, end: null },
    aggregates: [aggregate("count", TEXT!, true), aggregate("count", null)],
    emit,
  })

test("sessions that merge, in an eighth of their memory", () => {
  compareInAnEighth(merging(), "rows", byText, LIMIT)
})

test("sessions whose rows are kept, in an eighth of their memory", () => {
  compareInAnEighth(keeping(), "rows", byKey, LIMIT)
})

test("sessions with several groups each, which close, in an eighth of their memory", () => {
  const parity = {
    ...VALUE!,
    kind: "call",
    signature: "modulo(int32,int32)",
    args: [VALUE!, lit(2, INT32)],
  } as const
  const specs = sessions({
    session: { time: TIME!, gapUs: 100_000n, keys: [KEY!] },
    keys: [parity, KEY!],
    windowKeys: { start: null, end: null },
    aggregates: [aggregate("max", TEXT!), aggregate("count", null)],
    emit: "final",
  })
  compareInAnEighth(specs, "rows", byKey, LIMIT)
})

test("sessions that are out of memory are taken over by other numbers of parts", () => {
  const numbers = new Map([
    [10, 3],
    [13, 2],
  ])
  compareTakenOver(merging(), byText.slice(0, 16), LIMIT, numbers)
  compareTakenOver(keeping("final"), byKey.slice(0, 16), LIMIT, numbers)
})
