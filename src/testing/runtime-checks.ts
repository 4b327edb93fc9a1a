/** What must hold of a running runtime at any moment, and what must hold when it has come to rest. */
import { readRow } from "../columns/scalar.ts"
import { NO_WATERMARK, VERDICTS, type Verdict } from "../engine/dataflow.ts"
import type { ReceiptAnswer, Runtime, ViewRowsAnswer, ViewStatus, ViewUpdate } from "../runners/runtime.ts"
import { isPlatformError } from "../std/errors.ts"
import { assertBalance, booksOf } from "./balance.ts"
import { changeTexts, rowText } from "./epoch-chronicle.ts"
import type { Post, RuntimeProducer } from "./runtime-producer.ts"
import type { SimEvent } from "./runtime-project.ts"
import type { RuntimeSubscriber } from "./runtime-subscriber.ts"
import type { RuntimeWorld } from "./runtime-world.ts"

const MOST_ROWS = 100_000

/** A view, read page by page, is what plain JavaScript makes of the log. */
export async function checkView(world: RuntimeWorld, view: string): Promise<void> {
  const { runtime } = world
  const limit = world.below(3) === 0 ? 1 + world.below(15) : MOST_ROWS
  const found: string[] = []
  let cursor: string | null = null
  let epoch = -1
  do {
    const page = runtime!.rows({ view, where: [], sort: [], limit, cursor })
    if (epoch !== -1 && page.epoch !== epoch)
      world.broken(`a page of ${view} is of epoch ${page.epoch}, not ${epoch}`)
    epoch = page.epoch
    expectWatermark(world, view, page)
    for (let row = 0; row < page.rows.length; row++) found.push(rowText(readRow(page.rows, row)))
    if (page.rows.length > 0) expectLookup(world, runtime!, view, page)
    if (page.cursor === null && page.rowCount !== found.length) {
      world.broken(`${view} says it has ${page.rowCount} rows and gives ${found.length}`)
    }
    cursor = page.cursor
    // Epochs may go on between two pages.
    if (cursor !== null && world.below(4) === 0) await world.turn()
    if (world.runtime !== runtime || !world.process.alive) return
  } while (cursor !== null)
  await expectRows(world, `the view ${view}`, { view, epoch, rows: found.sort() })
}

/** A row of a page, read by its key, is the same, unless an epoch has gone by. */
function expectLookup(world: RuntimeWorld, runtime: Runtime, view: string, page: ViewRowsAnswer): void {
  const { plan, epoch } = runtime.views().find((status) => status.plan.name === view)!
  if (plan.key === null || epoch !== page.epoch) return
  const row = readRow(page.rows, world.below(page.rows.length))
  const key = plan.key.map((column) => row[column]!)
  const found = runtime.lookup(view, key)
  if (found === null || rowText(found) !== rowText(row)) {
    world.broken(
      `${view} at ${rowText(key)} is ${found === null ? null : rowText(found)}, not ${rowText(row)}`,
    )
  }
}

/** What a view says of its progress is what its epoch was run with. */
export function expectWatermark(
  world: RuntimeWorld,
  view: string,
  { epoch, watermarkUs }: { readonly epoch: number; readonly watermarkUs: bigint | null },
): void {
  const views = world.runtime!.views()
  const events = eventsOf(views.find(({ plan }) => plan.name === view)!, views)
  const note = world.branch(view, epoch).at(-1)
  const known = note === undefined ? [] : events.map((event) => note.watermarksUs[event])
  const lowest = known.reduce<bigint>((low, us) => (us < low ? us : low), known[0] ?? NO_WATERMARK)
  const expected = lowest === NO_WATERMARK ? null : lowest
  if (watermarkUs !== expected) world.broken(`${view} at epoch ${epoch} says ${watermarkUs}, not ${expected}`)
}

export async function checkSubscriber(world: RuntimeWorld, subscriber: RuntimeSubscriber): Promise<void> {
  const { view, epoch } = subscriber
  if (epoch === null) world.broken(`a reader of ${view} was told nothing`)
  await expectRows(world, `a reader of ${view}`, { view, epoch, rows: subscriber.rows() })
}

async function expectRows(
  world: RuntimeWorld,
  who: string,
  { view, epoch, rows }: { view: string; epoch: number; rows: readonly string[] },
): Promise<void> {
  const { oracle, at } = await world.oracleOf(view, epoch)
  const expected = oracle.rows(view, at)
  if (rows.length === expected.length && rows.every((row, i) => row === expected[i])) return
  const surplus = rows.filter((row) => !expected.includes(row))
  const missing = expected.filter((row) => !rows.includes(row))
  world.broken(
    `${who} at epoch ${epoch} has ${rows.length} rows, not ${expected.length}; ` +
      `too many: ${surplus.slice(0, 3).join(", ")}; missing: ${missing.slice(0, 3).join(", ")}`,
  )
}

/** The books balance, and what views say was appended is what the log has. */
export function checkBalance(world: RuntimeWorld, runtime: Runtime): void {
  try {
    assertBalance(booksOf(runtime))
  } catch (error) {
    world.broken(error instanceof Error ? error.message : String(error))
  }
  const appended = new Map(runtime.events().map(({ contract, appended }) => [contract.name, appended]))
  const views = runtime.views()
  for (const status of views) {
    const rows = eventsOf(status, views).reduce((total, event) => total + appended.get(event)!, 0)
    if (rows === status.appendedEvents) continue
    world.broken(`${status.plan.name} says that ${status.appendedEvents} rows were appended, not ${rows}`)
  }
}

export function eventsOf({ plan }: ViewStatus, views: readonly ViewStatus[]): readonly SimEvent[] {
  const above = plan.views.flatMap((name) => {
    return eventsOf(views.find((view) => view.plan.name === name)!, views)
  })
  return [...new Set([...(plan.events as readonly SimEvent[]), ...above])]
}

/** Only a disk that refuses makes a runtime unready. */
export function checkReadiness(world: RuntimeWorld): void {
  const { process, runtime } = world
  if (!process.alive || runtime === null) return
  const { ready, reason } = runtime.ready()
  if (!ready && process.diskErrors.length === 0)
    world.broken(`not ready, although the disk is well: ${reason}`)
}

/** Counters of verdicts are those of the oracle, for the epochs that readers see. */
export async function checkVerdicts(world: RuntimeWorld): Promise<void> {
  const before = world.engine!.epoch
  const views = world.runtime!.views()
  // As they were said, whatever runs while the log is read.
  const branches = new Map(views.map(({ plan: { name } }) => [name, world.branch(name, before)]))
  for (const { plan, verdicts } of views) {
    const expected: Record<Verdict, number> = { applied: 0, filtered: 0, late: 0, failed: 0, duplicate: 0 }
    const { oracle } = await world.oracleOf(plan.name, before)
    for (const { event, partition, from, to } of branches.get(plan.name)!.flatMap(({ ranges }) => ranges)) {
      for (const row of world.rows.between(event, partition, from, to)) {
        const verdict = oracle.verdict(plan.name, row)
        if (verdict !== undefined) expected[verdict]++
      }
    }
    if (JSON.stringify(expected) !== JSON.stringify(verdicts)) {
      world.broken(`${plan.name} counts ${JSON.stringify(verdicts)}, not ${JSON.stringify(expected)}`)
    }
  }
}

/** Waits for a post's rows: "processed" means that the view shows them, with the verdicts that it gave. */
export async function checkReceipt(
  world: RuntimeWorld,
  producer: RuntimeProducer,
  {
    post,
    view,
    timeoutMs,
    mustBeProcessed,
  }: {
    readonly post: Post
    readonly view: string
    readonly timeoutMs: number
    readonly mustBeProcessed: boolean
  },
): Promise<void> {
  const { runtime, process, engine } = world
  const answer = await answered(world, runtime!.awaitReceipt(view, post.answer!.receipt!, timeoutMs))
  if (answer === null) return
  const { processed, verdicts, forgotten, epoch } = answer
  if (!process.alive || world.process !== process) return
  world.note(`receipt ${post.number} in ${view}: ${processed} ${JSON.stringify(verdicts)} ${forgotten}`)
  if (!processed) {
    if (mustBeProcessed)
      world.broken(`post ${post.number} is not processed in ${view} although nothing is pending`)
    return
  }
  const seen = world.branch(view, Math.min(epoch, engine!.epoch)).at(-1)
  const positions = seen?.rebuiltPositions ?? seen?.positions ?? new Map<string, number>()
  const places = producer.placesOf(post)
  const behind = places.find(({ event, partition, to }) => (positions.get(`${event}/${partition}`) ?? 0) < to)
  if (behind !== undefined) {
    world.broken(`post ${post.number} is said to be processed by epoch ${epoch}, which ends before it`)
  }
  const { oracle } = await world.oracleOf(view, epoch)
  const expected: Partial<Record<Verdict, number>> = {}
  for (const { event, partition, from, to } of places) {
    for (const row of world.rows.between(event, partition, from, to)) {
      const verdict = oracle.verdict(view, row)!
      expected[verdict] = (expected[verdict] ?? 0) + 1
    }
  }
  // Of rows from before the last start only the ledger speaks, and it has neither applied nor filtered ones.
  let untold = forgotten ?? 0
  for (const verdict of VERDICTS) {
    const [count, wanted] = [verdicts?.[verdict] ?? 0, expected[verdict] ?? 0]
    const isTold = verdict !== "applied" && verdict !== "filtered"
    if (count > wanted || (isTold && count < wanted)) {
      world.broken(`post ${post.number} in ${view}: ${count} ${verdict}, not ${wanted}`)
    }
    untold -= wanted - count
  }
  if (untold !== 0)
    world.broken(`post ${post.number} in ${view}: forgotten is ${forgotten}, off by ${untold}`)
}

/** Null when the ledger, which has the older rulings, cannot be written because the disk refuses. */
async function answered(world: RuntimeWorld, asked: Promise<ReceiptAnswer>): Promise<ReceiptAnswer | null> {
  const { process } = world
  try {
    return await asked
  } catch (error) {
    if (!isPlatformError(error, "ledger-stopped") || process.diskErrors.length === 0) throw error
    world.note("receipt: ledger-stopped")
    return null
  }
}

/** What a reader hears of an epoch is what it was, and no epoch is passed over. */
export function checkUpdate(
  world: RuntimeWorld,
  subscriber: RuntimeSubscriber,
  update: ViewUpdate,
  before: number | null,
): void {
  const { chronicle } = world
  if (update.kind === "snapshot") return
  const { epoch, changes } = update
  expectWatermark(world, subscriber.view, update)
  const who = `a reader of ${subscriber.view}`
  const noted = chronicle.at(epoch).changes.get(subscriber.view) ?? []
  const heard = changeTexts(changes)
  if (heard.join() !== noted.join()) {
    world.broken(`${who} hears of epoch ${epoch}: ${heard.join(", ")}, which was ${noted.join(", ")}`)
  }
  const skipped = chronicle.branch(epoch, subscriber.view).find((note) => {
    return note.epoch > before! && note.epoch < epoch && note.changes.has(subscriber.view)
  })
  if (skipped !== undefined) world.broken(`${who} goes from ${before} to ${epoch} over ${skipped.epoch}`)
}

/** Events that some view has not processed. */
export function pendingOf(runtime: Runtime): number {
  return runtime.views().reduce((most, { pendingEvents }) => Math.max(most, pendingEvents), 0)
}
