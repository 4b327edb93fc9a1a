/**
 * `npm run bench -- NAME …`: runs the benches whose names contain one of the words (a word that is a whole
 * name means that bench alone), prints a table, and with --json one line per figure: bench, metric, value,
 * unit, baseline, ratio. Nothing is written unless --record is given, which replaces the benches' parts of
 * bench/RESULTS.md.
 */
import { readdirSync } from "node:fs"
import { parseArgs } from "node:util"
import type { Bench, BenchOptions } from "./figure.ts"
import { machineText } from "./machine.ts"
import type { MeasuredFigure } from "./results.ts"
import { recordResults } from "./results.ts"

const USAGE =
  "npm run bench -- [NAME …] [--scale 0.1] [--only PART,…] [--events 20000000] [--json] [--record] | --list"
const NOT_BENCHES = new Set(["run.ts", "figure.ts", "machine.ts", "results.ts"])

process.exitCode = await main().catch((error: unknown) => {
  console.error(
    error instanceof RangeError || error instanceof TypeError ? `${error.message}\n${USAGE}` : error,
  )
  return 2
})

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      scale: { type: "string", default: "1" },
      only: { type: "string" },
      events: { type: "string" },
      json: { type: "boolean", default: false },
      record: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  })
  if (values.list) {
    for (const { name, about } of await loadBenches(benchFiles())) console.log(`${name.padEnd(24)} ${about}`)
    return 0
  }
  const options = optionsOf(values)
  if (values.record && (options.only !== null || options.events !== null)) {
    throw new RangeError("--record keeps whole benches at their own size: leave out --only and --events")
  }
  const all = benchFiles()
  const files = all.filter((file) => {
    const isMeant = (word: string) => (all.includes(word) ? file === word : file.includes(word))
    return positionals.length === 0 || positionals.some(isMeant)
  })
  if (files.length === 0) {
    throw new RangeError(`no bench is named ${positionals.join(", ")}; there are ${all.join(", ")}`)
  }
  const found = await loadBenches(files)
  const chosen = found.filter(({ onlyByName }) => positionals.length > 0 || onlyByName !== true)
  for (const bench of chosen) checkOptions(bench, options)
  const machine = machineText()
  if (!values.json) console.log(`${machine}\n`)
  for (const bench of chosen) {
    const figures = await measure(bench, options, values.json ? machine : null)
    if (values.record) recordResults(bench, figures, { machine, scale: options.scale })
  }
  return 0
}

function optionsOf(values: { scale: string; only?: string; events?: string }): BenchOptions {
  const scale = Number(values.scale)
  if (!(scale > 0)) throw new RangeError(`--scale is "${values.scale}", not a number above 0`)
  const events = values.events === undefined ? null : Number(values.events)
  if (events !== null && !(Number.isSafeInteger(events) && events > 0)) {
    throw new RangeError(`--events is "${values.events}", not a whole number above 0`)
  }
  return { scale, events, only: values.only?.split(",") ?? null }
}

/** Before anything is measured: an option that a bench would ignore is a mistake. */
function checkOptions(
  { name, parts = [], countsEvents = false }: Bench,
  { only, events }: BenchOptions,
): void {
  const unknown = only?.find((part) => !parts.includes(part))
  if (unknown !== undefined) {
    const known = parts.length === 0 ? "it has no parts to choose from" : `there are ${parts.join(", ")}`
    throw new RangeError(`--only: ${name} has no part "${unknown}"; ${known}`)
  }
  if (events !== null && !countsEvents) {
    throw new RangeError(`--events: ${name} does not count events; use --scale`)
  }
}

/** A bench is named after its file. */
function benchFiles(): string[] {
  return readdirSync(import.meta.dirname)
    .filter((name) => /^[a-z0-9-]+\.ts$/.test(name) && !NOT_BENCHES.has(name))
    .map((name) => name.slice(0, -".ts".length))
    .sort()
}

/** Only those that will run, so that one that is broken does not stop the others. */
async function loadBenches(files: readonly string[]): Promise<Bench[]> {
  const modules = await Promise.all(files.map((file) => import(`./${file}.ts`) as Promise<{ bench?: Bench }>))
  return modules.flatMap(({ bench }) => (bench === undefined ? [] : [bench]))
}

/** Figures are printed as they come: some benches take minutes. `machine`: print them as JSON, with it. */
async function measure(
  bench: Bench,
  options: BenchOptions,
  machine: string | null,
): Promise<MeasuredFigure[]> {
  const figures: MeasuredFigure[] = []
  if (machine === null) console.log(`${bench.name}: ${bench.about}`)
  await bench.run((figure) => {
    const { metric, value, unit, baseline } = figure
    const ratio = baseline === null || baseline === 0 ? null : value / baseline
    const measured = { bench: bench.name, metric, value, unit, baseline, ratio }
    figures.push(measured)
    console.log(machine === null ? `  ${figureText(measured)}` : JSON.stringify({ ...measured, machine }))
  }, options)
  if (machine === null) console.log("")
  return figures
}

function figureText({ metric, value, unit, baseline, ratio }: MeasuredFigure): string {
  const compared =
    baseline === null ? "" : `  baseline ${plainNumber(baseline)}, ratio ${plainNumber(ratio ?? 0)}`
  return `${metric.padEnd(44)} ${plainNumber(value).padStart(10)} ${unit}${compared}`
}

/** Three significant digits are more than a shared machine can promise. */
function plainNumber(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString("en-US") : Number(value.toPrecision(3)).toString()
}
