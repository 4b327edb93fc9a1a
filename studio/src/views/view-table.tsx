/**
 * The rows of a view: sortable, with what has just changed marked for a moment. Any row can be asked why it
 * is what it is: with a click anywhere on it, or with the button that its first value is. Of the buttons one
 * is in the order of Tab; the arrow keys go from row to row.
 */
import { type KeyboardEvent, memo, useCallback, useId, useMemo, useState } from "react"
import type { Column, Row, View } from "../api/types.ts"
import { formatCell, isNumeric } from "../format/cells.ts"
import { formatCount } from "../format/numbers.ts"
import { areDays } from "../format/times.ts"
import { useInspect } from "../inspect/inspect-context.ts"
import { whyRow } from "../inspect/question.ts"
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
  const columns = useSteady(withDays(view.columns, data.table))
  const [active, setActive] = useState<string | null>(null)
  const inspect = useInspect()
  const shape = useSteady({ name: view.name, key: view.key, columns: view.columns })
  const ask = useCallback((row: Row) => inspect(whyRow(shape, row)), [inspect, shape])
  const tabbable = data.table.some(([key]) => key === active) ? active : (data.table[0]?.[0] ?? null)
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
          <tbody onKeyDown={walkRows}>
            {data.table.map(([key, row]) => (
              <BodyRow
                key={key}
                row={row}
                columns={columns}
                changed={data.changed.get(key) ?? null}
                turn={data.changed.has(key) ? data.step % 2 : 0}
                arrived={key === arrivedKey}
                name={key}
                tabbable={key === tabbable}
                onFocus={setActive}
                onAsk={ask}
              />
            ))}
          </tbody>
        </table>
      </section>
      <p className="note table-note">
        {view.row_count > data.table.length
          ? `${formatCount(data.table.length)} of ${formatCount(view.row_count)} rows. `
          : ""}
        {data.mode === "stream" ? "Pushed as it changes." : "Asked for again as it changes."} A row opens the
        events behind it.
      </p>
    </div>
  )
}

/** The same object as long as it says the same: status brings new ones each second. */
function useSteady<T extends object>(value: T): T {
  const text = JSON.stringify(value)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is the value
  return useMemo(() => value, [text])
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }

function walkRows(press: KeyboardEvent<HTMLTableSectionElement>): void {
  const step = STEPS[press.key]
  if (step === undefined) return
  const buttons = [...press.currentTarget.querySelectorAll<HTMLButtonElement>(".row-button")]
  const from = buttons.indexOf(document.activeElement as HTMLButtonElement)
  if (from < 0) return
  press.preventDefault()
  buttons[Math.max(0, Math.min(buttons.length - 1, from + step))]?.focus()
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
  /** Grows with each change of this row. */
  readonly turn: number
  readonly arrived: boolean
  readonly name: string
  readonly tabbable: boolean
  readonly onFocus: (name: string) => void
  readonly onAsk: (row: Row) => void
}

/** Two names of one animation take turns: a new name is what makes a browser start it again. */
const BodyRow = memo(function BodyRow(props: RowProps) {
  const { row, columns, changed, turn, arrived, name, tabbable, onFocus, onAsk } = props
  const isNew = changed !== null && changed.size === columns.length
  const flash = `${isNew ? "came" : "flash"}-${turn === 0 ? "even" : "odd"}`
  return (
    <tr data-arrived={arrived ? "" : undefined} onClick={() => isPlainClick() && onAsk(row)}>
      {columns.map((column, index) => {
        const value = row[column.name]
        const kind = isNumeric(column) ? "number" : undefined
        const mark = changed?.has(column.name) ? flash : undefined
        const empty = value === null || value === undefined
        const text = empty ? <span className="null">null</span> : formatCell(value, column)
        return (
          <td
            key={column.name}
            className={[kind, mark].filter((name) => name !== undefined).join(" ") || undefined}
            title={empty ? "NULL" : typeof value === "object" ? undefined : String(value)}
          >
            {index === 0 ? (
              <button
                type="button"
                className="row-button"
                tabIndex={tabbable ? 0 : -1}
                onFocus={() => onFocus(name)}
                title="The events behind this row"
              >
                {text}
              </button>
            ) : (
              text
            )}
          </td>
        )
      })}
    </tr>
  )
})

/** Somebody who marks text to copy it asks nothing. */
function isPlainClick(): boolean {
  return getSelection()?.isCollapsed ?? true
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
