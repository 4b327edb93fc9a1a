/**
 * The ledger against an independent recomputation: every late, failed and duplicate row of the epochs that
 * have run is in it exactly once, with its reason, and so is every one that some of its windows lack, with
 * up to which end; no other row is. The topic's own records are read, and the reader's answers beside them.
 */
import { readSpan } from "../log/stored-records.ts"
import type { ExcludedVerdict } from "../ports/verdict-ledger.ts"
import { decodeLedgerRecord, type LedgerRuling, ruledOf } from "../quality/ledger/ledger-codec.ts"
import { LEDGER_TOPIC } from "../quality/ledger/ledger-writer.ts"
import type { EpochNote } from "./epoch-chronicle.ts"
import type { LoggedRow } from "./logged-rows.ts"
import { EVERY_VIEW } from "./runtime-oracle.ts"
import type { RuntimeWorld } from "./runtime-world.ts"

const READ_BYTES = 1 << 20

/** The rows that the ledger must have: "view event/partition@offset verdict reason". */
type Rulings = ReadonlySet<string>

/** By view: the epochs that made it what it is. */
type Branches = ReadonlyMap<string, readonly EpochNote[]>

export async function checkLedger(world: RuntimeWorld): Promise<void> {
  const { process, runtime, engine, ledger } = world
  const epoch = engine!.epoch
  if (epoch === 0) return
  const durable = await world.outcome(ledger!.reader.whenDurable(epoch), "writing the ledger")
  if (durable.kind === "dead" || world.process !== process) return
  if (durable.kind === "error") {
    if (process.diskErrors.length === 0) world.broken(`the ledger is not written: ${String(durable.error)}`)
    return
  }
  const views = runtime!.views().map(({ plan }) => plan.name)
  const trunk = world.chronicle.trunk(epoch)
  const branches = new Map([
    [EVERY_VIEW, trunk],
    ...views.map((view) => [view, world.branch(view, epoch)] as const),
  ])
  const expected = await expectedRulings(world, epoch, branches)
  const positions = trunk.at(-1)!.positions
  await checkHistory(world, epoch)
  compare(world, "the ledger's topic", await storedRulings(world, branches, positions), expected)
  compare(world, "the ledger's reader", await readRulings(world, views, positions), expected)
  for (const view of views) await checkPages(world, view, expected)
}

/** It is named by its first epoch, and all that it has ruled is of epochs that led here. */
async function checkHistory(world: RuntimeWorld, epoch: number): Promise<void> {
  const { history } = world.ledger!.reader
  const notes = world.history(epoch)
  if (notes === null) return
  if (history !== notes[0]!.epoch) world.broken(`the ledger's history is ${history}, not ${notes[0]!.epoch}`)
  const epochs = new Set(notes.map((note) => note.epoch))
  for await (const record of rulingsIn(world)) {
    if (record.history !== history || record.epoch > epoch || epochs.has(record.epoch)) continue
    world.broken(`the ledger has rulings of epoch ${record.epoch}, which did not lead to epoch ${epoch}`)
  }
}

async function* rulingsIn(world: RuntimeWorld): AsyncGenerator<LedgerRuling> {
  const { begin, durableEnd } = await world.log!.range(LEDGER_TOPIC, 0)
  const span = { topic: LEDGER_TOPIC, partition: 0, from: begin, until: durableEnd }
  for await (const { value } of readSpan(world.log!, span, { readBytes: READ_BYTES })) {
    const record = decodeLedgerRecord(value!)
    if (record.kind === "ruling") yield record
  }
}

const failureOf = (view: string) => (view.startsWith("restless") ? "process-failed" : "division-by-zero")

async function expectedRulings(world: RuntimeWorld, epoch: number, branches: Branches): Promise<Rulings> {
  const rulings = new Set<string>()
  for (const [view, branch] of branches) {
    const { oracle } = await world.oracleOf(view, epoch)
    for (const { event, partition, from, to } of branch.flatMap(({ ranges }) => ranges)) {
      for (const row of world.rows.between(event, partition, from, to)) {
        const verdict = oracle.verdict(view, row)
        const isOnce = verdict !== "duplicate" || view === EVERY_VIEW
        if (verdict === "late" || (verdict === "duplicate" && isOnce))
          rulings.add(ruling(view, row, verdict, null))
        if (verdict === "failed") rulings.add(ruling(view, row, verdict, failureOf(view)))
        const goneEndUs = oracle.goneEnd(view, row)
        if (goneEndUs !== undefined) rulings.add(ruling(view, row, "partly", String(goneEndUs)))
      }
    }
  }
  return rulings
}

/** What the records of the topic say, each row once: a second ruling on it breaks a law. */
async function storedRulings(
  world: RuntimeWorld,
  branches: Branches,
  positions: EpochNote["positions"],
): Promise<Rulings> {
  const rulings = new Set<string>()
  const epochs = new Map(
    [...branches].map(([view, branch]) => [view, new Set(branch.map(({ epoch }) => epoch))]),
  )
  for await (const record of rulingsIn(world)) {
    if (epochs.get(record.view ?? EVERY_VIEW)?.has(record.epoch) !== true) continue
    for (const { offset, count, code, goneEndUs } of record.runs) {
      const { verdict, reason } = ruledOf(code)
      for (let row = offset; row < offset + count; row++) {
        if (row >= (positions.get(`${record.topic}/${record.partition}`) ?? 0)) continue
        const place = { event: record.topic, partition: record.partition, offset: row }
        const detail = goneEndUs === undefined ? reason : String(goneEndUs)
        const text = ruling(record.view ?? EVERY_VIEW, place, verdict, detail)
        if (rulings.has(text)) world.broken(`the ledger has a row twice: ${text}`)
        rulings.add(text)
      }
    }
  }
  return rulings
}

async function readRulings(
  world: RuntimeWorld,
  views: readonly string[],
  positions: EpochNote["positions"],
): Promise<Rulings> {
  const rulings = new Set<string>()
  const { reader } = world.ledger!
  for (const [key, until] of positions) {
    const [topic, partition] = [key.split("/")[0]!, Number(key.split("/")[1])]
    const span = { topic, partition, from: 0, until }
    for await (const { offset, count } of reader.duplicates(span)) {
      for (let row = offset; row < offset + count; row++) {
        rulings.add(ruling(EVERY_VIEW, { event: topic, partition, offset: row }, "duplicate", null))
      }
    }
    for (const view of views) {
      for await (const { offset, count, verdict, reason } of reader.excluded(view, span)) {
        for (let row = offset; row < offset + count; row++) {
          rulings.add(ruling(view, { event: topic, partition, offset: row }, verdict, reason))
        }
      }
      for await (const { offset, count, goneEndUs } of reader.partly(view, span)) {
        for (let row = offset; row < offset + count; row++) {
          rulings.add(ruling(view, { event: topic, partition, offset: row }, "partly", String(goneEndUs)))
        }
      }
    }
  }
  return rulings
}

/** Pages in either order give each of the view's rows once. Epochs may go on, so more rows are legal. */
async function checkPages(world: RuntimeWorld, view: string, expected: Rulings): Promise<void> {
  const order = world.below(2) === 0 ? ("newest" as const) : ("oldest" as const)
  for (const verdict of ["late", "failed"] as const) {
    const found = await pagedRulings(world, view, verdict, order)
    if (new Set(found).size !== found.length) world.broken(`pages of ${verdict} rows of ${view} repeat a row`)
    const wanted = [...expected].filter(
      (text) => text.startsWith(`${view} `) && text.includes(` ${verdict} `),
    )
    const missing = wanted.find((text) => !found.includes(text))
    if (missing !== undefined) world.broken(`pages of ${verdict} rows of ${view} (${order}) lack ${missing}`)
  }
}

async function pagedRulings(
  world: RuntimeWorld,
  view: string,
  verdict: ExcludedVerdict,
  order: "newest" | "oldest",
): Promise<string[]> {
  const limit = 1 + world.below(9)
  const found: string[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<NonNullable<RuntimeWorld["ledger"]>["reader"]["page"]>> =
      await world.ledger!.reader.page({ view, verdict, limit, order, cursor })
    for (const { topic, partition, offset, reason } of page.rows) {
      found.push(ruling(view, { event: topic, partition, offset }, verdict, reason))
    }
    cursor = page.cursor
  } while (cursor !== null)
  return found
}

function compare(world: RuntimeWorld, who: string, found: Rulings, expected: Rulings): void {
  const missing = [...expected].filter((text) => !found.has(text))
  const surplus = [...found].filter((text) => !expected.has(text))
  if (missing.length + surplus.length === 0) return
  world.broken(
    `${who} has ${found.size} rows, not ${expected.size}; ` +
      `missing: ${missing.slice(0, 3).join(", ")}; too many: ${surplus.slice(0, 3).join(", ")}`,
  )
}

function ruling(
  view: string,
  { event, partition, offset }: Pick<LoggedRow, "partition" | "offset"> & { readonly event: string },
  verdict: string,
  reason: string | null,
): string {
  return `${view} ${event}/${partition}@${offset} ${verdict} ${reason}`
}
