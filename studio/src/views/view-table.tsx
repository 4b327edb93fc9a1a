/** The rows of a view: sortable, with what has just changed marked for a moment. */
import { useId, useMemo } from "react"
import type { Column, Row, View } from "../api/types.ts"
import { formatCell, isNumeric } from "../format/cells.ts"
import { formatCount } from "../format/numbers.ts"
import { areDays } from "../format/times.ts"
import { rowKey } from "../live/row-store.ts"
import type { Arrival } from "../send/use-send.ts"
import type { Sort } from "./sort.ts"
import type { ViewData } from "./use-view-data.ts"

interface Props {
  readonly view: View
  readonly data: ViewData
  readonly sort: Sort
  readonly onSort: (column: string) => void
  readonly arrived: Arrival | null
}

export function ViewTable({ view, data, sort, onSort, arrived }: Props) {
  const caption = useId()
  const arrivedKey = arrived === null || arrived.row === null ? null : rowKey(arrived.row, view.key)
  const columns = useMemo(() => withDays(view.columns, data.table), [view.columns, data.table])
  if (data.table.length === 0) return <NoRows view={view} />
  return (
    <div className="table-side">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls needs the keyboard */}
      <section className="table-scroll" tabIndex={0} aria-labelledby={caption}>
        <table>
          <caption id={caption} className="unseen">
            Rows of {view.name}, sorted by {sort.column},{" "}
            {sort.descending ? "largest first" : "smallest first"}
          </caption>
          <thead>
            <tr>
              {view.columns.map((column) => (
                <HeadCell key={column.name} column={column} sort={sort} onSort={onSort} />
              ))}
            </tr>
          </thead>
          <tbody>
            {data.table.map(([key, row]) => (
              <BodyRow
                key={key}
                row={row}
                columns={columns}
                changed={data.changed.get(key) ?? null}
                step={data.step}
                arrived={key === arrivedKey}
              />
            ))}
          </tbody>
        </table>
      </section>
      <p className="note table-note">
        {view.row_count > data.table.length
          ? `${formatCount(data.table.length)} of ${formatCount(view.row_count)} rows. `
          : ""}
        {data.mode === "stream" ? "Pushed as it changes." : "Asked for again as it changes."}
      </p>
    </div>
  )
}

/** A timestamp column that holds only midnights is shown as one of dates. */
function withDays(columns: readonly Column[], rows: ViewData["table"]): readonly Column[] {
  return columns.map((column) =>
    column.type === "timestamp" && areDays(rows.map(([, row]) => row[column.name]))
      ? { ...column, type: "date" }
      : column,
  )
}

interface HeadProps {
  readonly column: Column
  readonly sort: Sort
  readonly onSort: (column: string) => void
}

function HeadCell({ column, sort, onSort }: HeadProps) {
  const sorted = sort.column === column.name
  const direction = sort.descending ? "descending" : "ascending"
  return (
    <th
      scope="col"
      className={isNumeric(column) ? "number" : undefined}
      aria-sort={sorted ? direction : "none"}
    >
      <button type="button" onClick={() => onSort(column.name)} title={`${column.type}: sort`}>
        {column.name}
        <span className="arrow" aria-hidden="true">
          {sorted ? (sort.descending ? "↓" : "↑") : ""}
        </span>
      </button>
    </th>
  )
}

interface RowProps {
  readonly row: Row
  readonly columns: readonly Column[]
  readonly changed: ReadonlySet<string> | null
  readonly step: number
  readonly arrived: boolean
}

/** Two names of one animation take turns: a new name is what makes a browser start it again. */
function BodyRow({ row, columns, changed, step, arrived }: RowProps) {
  const turn = step % 2 === 0 ? "even" : "odd"
  const isNew = changed !== null && changed.size === columns.length
  const flash = `${isNew ? "came" : "flash"}-${turn}`
  return (
    <tr data-arrived={arrived ? "" : undefined}>
      {columns.map((column) => {
        const value = row[column.name]
        const kind = isNumeric(column) ? "number" : undefined
        const mark = changed?.has(column.name) ? flash : undefined
        const empty = value === null || value === undefined
        return (
          <td
            key={column.name}
            className={[kind, mark].filter((name) => name !== undefined).join(" ") || undefined}
            title={empty ? "NULL" : typeof value === "object" ? undefined : String(value)}
          >
            {empty ? <span className="null">null</span> : formatCell(value, column)}
          </td>
        )
      })}
    </tr>
  )
}

function NoRows({ view }: { readonly view: View }) {
  if (view.row_count > 0) return <p className="empty table-side">Fetching rows…</p>
  const waiting = view.emit === "final" && (view.verdicts.applied ?? 0) > 0
  return (
    <div className="empty table-side">
      <p>
        <strong>No rows yet.</strong>{" "}
        {waiting
          ? "Rows appear when a window closes, that is when the watermark has passed its end."
          : "They appear with the first event that this view takes. Send one with the form, or:"}
      </p>
      {!waiting && <code className="block">millrace send EVENT events.ndjson</code>}
    </div>
  )
}
