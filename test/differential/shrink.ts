/** A failing trial made small: one query, the rows and the clauses that it takes to fail. */
import { readRow } from "../../src/columns/scalar.ts"
import { formatTimestamp } from "../../src/std/calendar-text.ts"
import type { PgOracle } from "../kit/pg-oracle.ts"
import type { Course, Difference, Trial } from "./compare-seed.ts"
import { compareTrial } from "./compare-seed.ts"
import type { Arrival } from "./history.ts"
import { epochsOf } from "./history.ts"
import { smaller, textOf } from "./sql-text.ts"

/** A trial takes some ten milliseconds. */
const MAX_ATTEMPTS = 600

export async function shrink(oracle: PgOracle, whole: Trial, { view, course }: Difference): Promise<Trial> {
  const trial: Trial = { ...whole, courses: [course] }
  let attempts = 0
  const fails = async (candidate: Trial): Promise<boolean> => {
    attempts++
    const outcome = await compareTrial(oracle, candidate).catch(() => null)
    return outcome?.differences.some((difference) => difference.view === view) ?? false
  }
  const tryAll = async (smallest: Trial, candidates: (from: Trial) => Iterable<Trial>): Promise<Trial> => {
    for (const candidate of candidates(smallest)) {
      if (attempts >= MAX_ATTEMPTS) return smallest
      if (await fails(candidate)) return tryAll(candidate, candidates)
    }
    return smallest
  }
  let smallest = await tryAll(trial, (from) => withoutOthers(from, view))
  for (const step of [withFewerRows, withLessSql, withFewerRows, plainer])
    smallest = await tryAll(smallest, step)
  return smallest
}

/** Views other than the one that fails, and those that may be read by it. */
function* withoutOthers(trial: Trial, view: string): Generator<Trial> {
  const { views } = trial
  const alone = views.filter(({ name }) => name === view)
  const read = views.filter(({ name, isRead }) => isRead && name !== view)
  if (views.length > alone.length) yield { ...trial, views: alone }
  for (const one of read) if (views.length > 2) yield { ...trial, views: [one, ...alone] }
  if (views.length > read.length + alone.length) yield { ...trial, views: [...read, ...alone] }
}

function* withFewerRows(trial: Trial): Generator<Trial> {
  const rows = trial.courses[0]!.epochs.flat()
  for (let size = Math.ceil(rows.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let first = 0; first < rows.length; first += size) {
      const gone = new Set(rows.slice(first, first + size))
      yield { ...trial, courses: [without(trial.courses[0]!, gone)] }
    }
  }
}

/** Epochs stay, so that it stays known behind which of them something happens. */
function without(course: Course, gone: ReadonlySet<Arrival>): Course {
  return { ...course, epochs: course.epochs.map((epoch) => epoch.filter((arrival) => !gone.has(arrival))) }
}

function* withLessSql(trial: Trial): Generator<Trial> {
  for (const [k, view] of trial.views.entries()) {
    for (const text of smaller(view.text)) yield { ...trial, views: trial.views.with(k, { ...view, text }) }
  }
}

/** Without the restore, in one epoch, in fewer. */
function* plainer(trial: Trial): Generator<Trial> {
  const course = trial.courses[0]!
  const { epochs, restoreAfter, lookAfter } = course
  if (restoreAfter >= 0) yield { ...trial, courses: [{ ...course, restoreAfter: -1 }] }
  if (epochs.length > 1)
    yield { ...trial, courses: [{ epochs: [epochs.flat()], restoreAfter: -1, lookAfter: -1 }] }
  for (const [k, epoch] of epochs.entries()) {
    if (epoch.length > 0) continue
    const moved = (after: number) => (after >= k ? after - 1 : after)
    const fewer = {
      epochs: epochs.toSpliced(k, 1),
      restoreAfter: moved(restoreAfter),
      lookAfter: moved(lookAfter),
    }
    yield { ...trial, courses: [fewer] }
  }
}

/** Lines like those of a golden case, with what the rows' order and epochs were. */
export function describe({ events, views, courses }: Trial): string {
  const lines = [...events.declarations]
  for (const { name, text, options } of views)
    lines.push(`view ${name} ${JSON.stringify(options)}`, textOf(text, "ours"))
  const oracle = views.filter(({ text }) => textOf(text, "oracle") !== textOf(text, "ours"))
  for (const { name, text } of oracle)
    lines.push(`# PostgreSQL is told, for ${name}:`, `# ${textOf(text, "oracle")}`)
  for (const [k, epoch] of courses[0]!.epochs.entries()) {
    const marks = [
      k === courses[0]!.lookAfter ? "answers compared" : "",
      k === courses[0]!.restoreAfter ? "restored" : "",
    ]
    lines.push(`# epoch ${k + 1}${marks.map((mark) => (mark === "" ? "" : `, then ${mark}`)).join("")}`)
    for (const arrival of epoch) lines.push(`${arrival.event} ${rowText(events, arrival)}`)
  }
  return lines.join("\n")
}

function rowText(events: Trial["events"], arrival: Arrival): string {
  const contract = events.contracts.find(({ name }) => name === arrival.event)!
  const [slice] = epochsOf(events, [[arrival]])[0]!
  const values = readRow(slice!.batch, 0)
  const fields = contract.fields.map(({ name, type }, k) => {
    const value = values[k]
    if (value === null || value === undefined) return null
    if (type.kind === "timestamp") return `${name}: ${formatTimestamp(value as bigint)}`
    return `${name}: ${value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value)}`
  })
  return `{${fields.filter((field) => field !== null).join(", ")}}`
}
