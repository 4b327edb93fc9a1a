/** What a query answered: types in the header, numbers to the right, and events that can be followed. */
import { memo } from "react"
import type { EventRecord } from "../api/records.ts"
import type { QueryColumn, QueryResult } from "../api/storage.ts"
import type { Cell } from "../api/types.ts"
import { formatCount, formatExact, formatFloat } from "../format/numbers.ts"
import { useInspect } from "../inspect/inspect-context.ts"

/** More rows than anybody reads make a browser slow; a file has them all. */
export const SHOWN_ROWS = 500

interface Props {
  readonly result: QueryResult
  /** The event whose rows these are, when the query says so; null otherwise. */
  readonly event: string | null
}

export const ResultTable = memo(function ResultTable({ result, event }: Props) {
  const { meta, data } = result
  const places =
    event !== null && ["_partition", "_offset"].every((name) => meta.some((c) => c.name === name))
  if (data.length === 0) {
    return (
      <p className="state">
        <strong>No rows.</strong> The query is right; nothing matches it.
      </p>
    )
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls needs the keyboard
    <section className="table-scroll result-scroll" tabIndex={0} aria-labelledby="result-caption">
      <table className="result">
        <caption id="result-caption" className="unseen">
          Result of the query
        </caption>
        <thead>
          <tr>
            {places && (
              <th scope="col" className="plain">
                <span className="unseen">follow</span>
              </th>
            )}
            {meta.map((column) => (
              <th key={column.name} scope="col" className={isNumber(column) ? "plain number" : "plain"}>
                {column.name}
                <span className="type">{column.type}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.slice(0, SHOWN_ROWS).map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of an answer have no other name, and stay
            <tr key={index}>
              {places && event !== null && (
                <td>
                  <Follow record={recordOf(event, row)} />
                </td>
              )}
              {meta.map((column) => (
                <Value key={column.name} column={column} value={row[column.name] ?? null} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
})

function Value({ column, value }: { readonly column: QueryColumn; readonly value: Cell }) {
  if (value === null) {
    return (
      <td className={isNumber(column) ? "number" : undefined}>
        <span className="null">null</span>
      </td>
    )
  }
  const text = typeof value === "object" ? JSON.stringify(value) : String(value)
  return (
    <td className={isNumber(column) ? "number" : undefined} title={text}>
      {isNumber(column) ? numberText(value) : text}
    </td>
  )
}

function Follow({ record }: { readonly record: EventRecord }) {
  const inspect = useInspect()
  return (
    <button
      type="button"
      className="link"
      aria-label={`Where it went: partition ${record.partition}, offset ${record.offset}`}
      title="Where it went"
      onClick={() => inspect({ kind: "event", record })}
    >
      →
    </button>
  )
}

/** Columns that the store adds, told from the contract's own by their underscore. */
function recordOf(event: string, row: Readonly<Record<string, Cell>>): EventRecord {
  const own = Object.entries(row).filter(([name]) => !name.startsWith("_") && name !== "processed_at")
  return {
    event,
    partition: Number(row["_partition"]),
    offset: Number(row["_offset"]),
    appended_at: String(row["processed_at"] ?? ""),
    value: Object.fromEntries(own),
  }
}

/** The event that a query reads, when it is exactly one. */
export function eventOf(sql: string): string | null {
  const names = new Set([...sql.matchAll(/\bevents\.`?([\w-]+)`?/g)].map((match) => match[1]!))
  return names.size === 1 ? [...names][0]! : null
}

function isNumber({ type }: QueryColumn): boolean {
  return /^(Nullable\(|LowCardinality\()*(U?Int|Float|Decimal|BFloat)/.test(type)
}

function numberText(value: Cell): string {
  if (typeof value === "string") return formatExact(value)
  if (typeof value !== "number") return String(value)
  return Number.isInteger(value) ? formatCount(value) : formatFloat(value)
}
