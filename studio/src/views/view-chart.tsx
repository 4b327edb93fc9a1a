/** The chart of a view with its choice of measure, its legend and a sentence about what is drawn. */
import { useId, useMemo, useState } from "react"
import type { Column, Row, View } from "../api/types.ts"
import { BarChart } from "../charts/bar-chart.tsx"
import { BAR_ROWS, type ChartPlan } from "../charts/chart-plan.ts"
import { LineChart } from "../charts/line-chart.tsx"
import { barsOf, linesOf, nameOf } from "../charts/series.ts"
import { compareCells, toMs } from "../format/cells.ts"
import { formatCount, formatFloat } from "../format/numbers.ts"
import { formatInstant } from "../format/times.ts"
import { useInspect } from "../inspect/inspect-context.ts"
import { whyRow } from "../inspect/question.ts"

interface Props {
  readonly view: View
  readonly plan: ChartPlan
  readonly measure: Column
  readonly rows: readonly Row[]
  /** True when `rows` are all of them. */
  readonly whole: boolean
  readonly onMeasure: (name: string) => void
}

export function ViewChart({ view, plan, measure, rows, whole, onMeasure }: Props) {
  const caption = useId()
  const inspect = useInspect()
  const ask = (row: Row): void => inspect(whyRow(view, row))
  return (
    <figure className="chart" aria-labelledby={caption}>
      <div className="chart-head">
        <MeasureChoice view={view} plan={plan} measure={measure} onMeasure={onMeasure} />
      </div>
      {rows.length === 0 ? (
        <p className="chart-empty">Nothing to draw yet.</p>
      ) : plan.kind === "lines" ? (
        <Lines plan={plan} measure={measure} rows={rows} onRow={ask} />
      ) : (
        <Bars plan={plan} measure={measure} rows={rows} onRow={ask} />
      )}
      <figcaption id={caption} className="note">
        {sentence({ view, plan, measure, drawn: rows.length, whole })}
      </figcaption>
    </figure>
  )
}

function MeasureChoice({
  view,
  plan,
  measure,
  onMeasure,
}: Pick<Props, "view" | "plan" | "measure" | "onMeasure">) {
  if (plan.measures.length === 1) return <p className="measure-only">{measure.name}</p>
  return (
    <fieldset className="segments">
      <legend className="unseen">Measure drawn for {view.name}</legend>
      {plan.measures.map((column) => (
        <label key={column.name}>
          <input
            type="radio"
            name={`measure-${view.name}`}
            value={column.name}
            checked={column.name === measure.name}
            onChange={() => onMeasure(column.name)}
          />
          <span>{column.name}</span>
        </label>
      ))}
    </fieldset>
  )
}

interface DrawnProps extends Pick<Props, "plan" | "measure" | "rows"> {
  /** A point or a bar was clicked; with the keyboard, the table's rows do the same. */
  readonly onRow: (row: Row) => void
}

function Lines({ plan, measure, rows, onRow }: DrawnProps) {
  const data = useMemo(() => linesOf(rows, plan, measure), [rows, plan, measure])
  const [pointed, setPointed] = useState<number | null>(null)
  const index = Math.min(pointed ?? data.times.length - 1, data.times.length - 1)
  const pick = (line: number, at: number): void => {
    const name = data.lines[line]?.name
    const seconds = data.times[at]
    const row = rows.find((candidate) => {
      const ms = plan.time === null ? null : toMs(candidate[plan.time.name])
      return ms === (seconds ?? 0) * 1000 && (nameOf(candidate, plan) || measure.name) === name
    })
    if (row !== undefined) onRow(row)
  }
  return (
    <>
      <LineChart data={data} measure={measure.name} onPoint={setPointed} onPick={pick} />
      <ul className="legend" aria-label="Values at the time pointed at, else at the newest">
        <li className="at">{timeAt(data.times, index)}</li>
        {data.lines.map((line, position) => (
          <li key={line.name} data-series={position + 1}>
            <span className="swatch" aria-hidden="true" />
            {line.name}
            <strong>{valueAt(line.values, index)}</strong>
          </li>
        ))}
        {data.found > data.lines.length && (
          <li className="note">
            largest {data.lines.length} of {formatCount(data.found)}
          </li>
        )}
      </ul>
    </>
  )
}

function timeAt(times: readonly number[], index: number): string {
  const seconds = times[index]
  return seconds === undefined ? "" : formatInstant(new Date(seconds * 1000).toISOString())
}

function valueAt(values: readonly (number | null)[], index: number): string {
  const value = values[index] ?? null
  return value === null ? "–" : formatFloat(value)
}

function Bars({ plan, measure, rows, onRow }: DrawnProps) {
  const largest = useMemo(
    () =>
      [...rows].sort((a, b) => compareCells(b[measure.name], a[measure.name], measure)).slice(0, BAR_ROWS),
    [rows, measure],
  )
  const bars = useMemo(() => barsOf(largest, plan, measure), [largest, plan, measure])
  const pick = (name: string): void => {
    const row = largest.find((candidate) => nameOf(candidate, plan) === name)
    if (row !== undefined) onRow(row)
  }
  return <BarChart bars={bars} onPick={pick} />
}

interface Drawn {
  readonly view: View
  readonly plan: ChartPlan
  readonly measure: Column
  readonly drawn: number
  readonly whole: boolean
}

function sentence({ view, plan, measure, drawn, whole }: Drawn): string {
  const of = plan.categories.map((column) => column.name).join(", ")
  if (plan.time === null) return `The largest ${measure.name} by ${of}. The table has the numbers.`
  const by = of === "" ? "" : ` for each ${of}`
  const part =
    whole || drawn >= view.row_count
      ? ""
      : ` Newest ${formatCount(drawn)} of ${formatCount(view.row_count)} rows.`
  return `${measure.name}${by} over ${plan.time.name}, UTC.${part} The table has the numbers.`
}
