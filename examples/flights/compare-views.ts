/**
 * Compares the views of a running platform, read over HTTP page by page, with what another engine computed
 * (oracle.ts). Numbers are compared digit by digit, instants to the microsecond.
 */
import type { Comparison, ExpectedView } from "./oracle.ts"

export interface Difference {
  readonly view: string
  readonly key: string
  readonly what: string
}

export interface Comparisons {
  /** Rows that were compared, by view. */
  readonly compared: Readonly<Record<string, number>>
  readonly differences: readonly Difference[]
  /** All of them; `differences` is cut. */
  readonly differenceCount: number
}

const ROWS_PER_PAGE = 10_000
/** Enough to see a pattern; a view that is wrong everywhere would fill the screen. */
const DIFFERENCES_KEPT = 50

/** `baseUrl` is the platform's address, such as http://127.0.0.1:4600. */
export async function compareViews(baseUrl: string, expected: readonly ExpectedView[]): Promise<Comparisons> {
  const differences: Difference[] = []
  const compared: Record<string, number> = {}
  let differenceCount = 0
  for (const view of expected) {
    const tell = (key: string, what: string): void => {
      differenceCount++
      if (differences.length < DIFFERENCES_KEPT) differences.push({ view: view.name, key, what })
    }
    compared[view.name] = await compareView(baseUrl, view, tell)
  }
  return { compared, differences, differenceCount }
}

type Row = Readonly<Record<string, string | number | null>>

async function compareView(
  baseUrl: string,
  view: ExpectedView,
  tell: (key: string, what: string) => void,
): Promise<number> {
  const wanted = new Map(view.rows.map((row) => [keyOf(view, row), row]))
  const seen = new Set<string>()
  for await (const row of readAllRows(baseUrl, view.name)) {
    const key = keyOf(view, row)
    const want = wanted.get(key)
    if (seen.has(key)) tell(key, "comes twice")
    else if (want === undefined) tell(key, "should not be there")
    else compareRow(view, row, want, (what) => tell(key, what))
    seen.add(key)
  }
  for (const key of wanted.keys()) if (!seen.has(key)) tell(key, "is missing")
  return seen.size
}

function compareRow(view: ExpectedView, row: Row, want: Row, tell: (what: string) => void): void {
  for (const [column, comparison] of Object.entries(view.columns)) {
    const got = row[column]
    const expected = want[column] ?? null
    if (got === undefined) tell(`has no column ${column}`)
    else if (canonical(got, comparison) !== canonical(expected, comparison)) {
      tell(`${column} is ${got}, should be ${expected}`)
    }
  }
}

function keyOf({ key, columns }: ExpectedView, row: Row): string {
  return key.map((column) => canonical(row[column] ?? null, columns[column] ?? "text")).join(" ")
}

/** One spelling for each value: no trailing zeros, UTC with six decimals. */
export function canonical(value: string | number | null, comparison: Comparison): string {
  if (value === null) return "NULL"
  const text = String(value)
  if (comparison === "text") return text
  if (comparison === "number") return canonicalNumber(text)
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:Z|\+00(?::?00)?)?$/.exec(text)
  if (match === null) return text
  return `${match[1]} ${match[2]}.${(match[3] ?? "").padEnd(6, "0")}`
}

function canonicalNumber(text: string): string {
  const match = /^(-?)0*(\d+?)(?:\.(\d*?)0*)?$/.exec(text)
  if (match === null) return text
  const digits = match[3] === undefined || match[3] === "" ? match[2]! : `${match[2]}.${match[3]}`
  return digits === "0" ? "0" : `${match[1]}${digits}`
}

/** Every page belongs to the epoch of the first one. */
async function* readAllRows(baseUrl: string, view: string): AsyncGenerator<Row> {
  let cursor: string | null = null
  do {
    const query = new URLSearchParams({ limit: String(ROWS_PER_PAGE), numbers: "string" })
    if (cursor !== null) query.set("cursor", cursor)
    const response = await fetch(`${baseUrl}/v1/views/${view}/rows?${query}`)
    if (!response.ok) throw new Error(`rows of ${view}: HTTP ${response.status}: ${await response.text()}`)
    const page = (await response.json()) as { rows: readonly Row[]; cursor: string | null }
    yield* page.rows
    cursor = page.cursor
  } while (cursor !== null)
}
