/**
 * bench/RESULTS.md: one part for each bench, between two markers, with machine, command and figures. Only the
 * part of the bench that ran is replaced; words that people wrote between the parts stay.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Bench, Figure } from "./figure.ts"

export interface MeasuredFigure extends Figure {
  readonly bench: string
  /** value / baseline; null where there is no baseline. */
  readonly ratio: number | null
}

const FILE = join(import.meta.dirname, "RESULTS.md")
const HEAD = `# Measured

Medians on the machine that each part names; \`npm run bench -- NAME --record\` replaces a part. The ratio to
the naive baseline of the same run is what can be compared between machines.
`

export function recordResults(
  bench: Bench,
  figures: readonly MeasuredFigure[],
  run: { readonly machine: string; readonly scale: number },
): void {
  const text = existsSync(FILE) ? readFileSync(FILE, "utf8") : HEAD
  const part = partText(bench, figures, run)
  const old = new RegExp(`<!-- bench ${bench.name} -->[\\s\\S]*?<!-- end ${bench.name} -->\\n`)
  writeFileSync(FILE, old.test(text) ? text.replace(old, () => part) : `${text.trimEnd()}\n\n${part}`)
}

function partText(
  bench: Bench,
  figures: readonly MeasuredFigure[],
  { machine, scale }: { readonly machine: string; readonly scale: number },
): string {
  const day = new Date().toISOString().slice(0, 10)
  const command = `npm run bench -- ${bench.name}${scale === 1 ? "" : ` --scale ${scale}`}`
  const rows = figures.map(({ metric, value, unit, baseline, ratio }) =>
    [
      metric,
      number(value),
      unit,
      baseline === null ? "-" : number(baseline),
      ratio === null ? "-" : number(ratio),
    ].join(" | "),
  )
  return [
    `<!-- bench ${bench.name} -->`,
    `## ${bench.name}`,
    "",
    bench.about,
    "",
    `\`${command}\`, ${day}; ${machine}`,
    "",
    "| metric | value | unit | baseline | ratio |",
    "|---|---|---|---|---|",
    ...rows.map((row) => `| ${row} |`),
    `<!-- end ${bench.name} -->`,
    "",
  ].join("\n")
}

function number(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString("en-US") : Number(value.toPrecision(3)).toString()
}
