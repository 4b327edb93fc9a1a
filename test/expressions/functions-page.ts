/**
 * The catalogue's part of docs/functions.md: one table per family, between two marks in the page.
 * `node test/expressions/functions-page.ts` writes it; the test beside holds the page against the catalogue.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { arithmetic } from "../../src/expr/catalogue/arithmetic.ts"
import { comparison } from "../../src/expr/catalogue/comparison.ts"
import type { CatalogueEntry, NullBehaviour } from "../../src/expr/catalogue/entry.ts"
import { json } from "../../src/expr/catalogue/json.ts"
import { REFUSED_NAMES } from "../../src/expr/catalogue/refused.ts"
import { text } from "../../src/expr/catalogue/text.ts"
import { time } from "../../src/expr/catalogue/time.ts"

export const PAGE = fileURLToPath(new URL("../../docs/functions.md", import.meta.url))
const BEGIN = "<!-- The tables up to the next mark are written by test/expressions/functions-page.ts. -->"
const END = "<!-- End of the tables. -->"

const FAMILIES: readonly (readonly [title: string, entries: readonly CatalogueEntry[]])[] = [
  ["Comparison and choice", comparison],
  ["Numbers", arithmetic],
  ["Strings and bytes", text],
  ["Time", time],
  ["JSON", json],
]

const NULLS: Readonly<Record<NullBehaviour, string>> = {
  strict: "",
  nullable: "may give NULL",
  never: "never NULL",
  own: "see NULL below",
}

/** Overloads of one name share a line. */
function table(entries: readonly CatalogueEntry[]): string {
  const names = [...new Set(entries.map((entry) => `${entry.kind} ${entry.name}`))]
  const lines = names.map((key) => {
    const overloads = entries.filter((entry) => `${entry.kind} ${entry.name}` === key)
    const shapes = overloads.map(({ signature, result }) => `\`${signature}\` ${result}`)
    const [first] = overloads
    return `| \`${first!.name.replaceAll("|", "\\|")}\` | ${shapes.join("<br>")} | ${NULLS[first!.nulls]} |`
  })
  return ["| SQL | overload and result | NULL |", "|---|---|---|", ...lines].join("\n")
}

function tables(): string {
  const families = FAMILIES.map(([title, entries]) => `### ${title}\n\n${table(entries)}`)
  const refused = [...REFUSED_NAMES].map(([name, reason]) => `| \`${name}\` | ${reason} |`)
  const refusals = ["### Refused by name", "", "| SQL | instead |", "|---|---|", ...refused].join("\n")
  return `${BEGIN}\n\n${[...families, refusals].join("\n\n")}\n\n${END}`
}

/** The page with its tables as the catalogue has them now. */
export function functionsPage(page: string): string {
  const start = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (start < 0 || end < start) throw new Error("docs/functions.md has lost the marks around its tables")
  return page.slice(0, start) + tables() + page.slice(end + END.length)
}

if (import.meta.main) writeFileSync(PAGE, functionsPage(readFileSync(PAGE, "utf8")))
