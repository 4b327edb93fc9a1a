/**
 * Lines over time, drawn by uPlot on a canvas and kept in place while data changes. The canvas is hidden from
 * screen readers: the table beside it holds the same numbers.
 */
import { useEffect, useRef } from "react"
import uPlot from "uplot"
import "uplot/dist/uPlot.min.css"
import { formatCompact } from "../format/numbers.ts"
import { type Lines, timeRange } from "./series.ts"
import { readTheme, type Theme, useTheme } from "./theme.ts"

const HEIGHT = 232

interface Props {
  readonly data: Lines
  readonly measure: string
  /** The position under the pointer in `data.times`; null when it leaves. */
  readonly onPoint: (index: number | null) => void
  /** A click: on the line that is nearest to it, at this position. */
  readonly onPick: (line: number, index: number) => void
}

export function LineChart({ data, measure, onPoint, onPick }: Props) {
  const holder = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | null>(null)
  const latest = useRef(data)
  latest.current = data
  const point = useRef(onPoint)
  point.current = onPoint
  const pick = useRef(onPick)
  pick.current = onPick
  const scheme = useTheme()
  const names = data.lines.map((line) => line.name).join("\n")

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new scheme or set of lines is a new chart
  useEffect(() => {
    const element = holder.current
    if (element === null) return
    const made = new uPlot(
      {
        ...options(latest.current, readTheme(), element.clientWidth, measure),
        hooks: { setCursor: [(plot) => point.current(plot.cursor.idx ?? null)] },
      },
      tableOf(latest.current),
      element,
    )
    chart.current = made
    made.over.addEventListener("click", () => {
      const { idx } = made.cursor
      const line = nearestLine(made)
      if (line !== null && idx !== null && idx !== undefined) pick.current(line, idx)
    })
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      chart.current = null
    }
  }, [scheme, names, measure])

  useEffect(() => {
    chart.current?.setData(tableOf(data))
  }, [data])

  return <div ref={holder} className="line-chart" style={{ height: HEIGHT }} aria-hidden="true" />
}

/** The line closest to the pointer at its time; null where no line has a value. */
function nearestLine(plot: uPlot): number | null {
  const { idx, top = 0 } = plot.cursor
  if (idx === null || idx === undefined) return null
  const distances = plot.data.slice(1).map((values, line) => {
    const value = values[idx]
    const away = value === null || value === undefined ? Infinity : Math.abs(plot.valToPos(value, "y") - top)
    return { line, away }
  })
  const nearest = distances.sort((a, b) => a.away - b.away)[0]
  return nearest === undefined || nearest.away === Infinity ? null : nearest.line
}

function tableOf(data: Lines): uPlot.AlignedData {
  return [[...data.times], ...data.lines.map((line) => [...line.values])]
}

function options(data: Lines, theme: Theme, width: number, measure: string): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: theme.quiet,
    font: theme.font,
    grid: { stroke: theme.grid, width: 1 },
    ticks: { show: false },
  }
  const onlyOne = data.lines.length === 1
  return {
    width,
    height: HEIGHT,
    padding: [12, 12, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    legend: { show: false },
    cursor: { points: { size: 6 }, drag: { x: false, y: false }, y: false },
    scales: { x: { time: true, range: (plot) => timeRange(plot.data[0]) }, y: { range: yRange } },
    axes: [
      { ...axis, size: 38, space: 76, values: (_, splits) => splits.map(timeLabel) },
      { ...axis, size: 54, gap: 8, values: (_, splits) => splits.map((value) => formatCompact(value)) },
    ],
    series: [
      {},
      ...data.lines.map((line, index) => ({
        label: onlyOne ? measure : line.name,
        stroke: theme.series[index % theme.series.length]!,
        width: onlyOne ? 2 : 1.75,
        spanGaps: true,
        points: { show: data.times.length <= 3, size: 6 },
        ...(onlyOne ? { fill: theme.wash } : {}),
      })),
    ],
  }
}

/** The clock, with the date below where a day begins. */
function timeLabel(seconds: number, index: number): string {
  const text = new Date(seconds * 1000).toISOString()
  const clock = text.slice(11, 16)
  const date = text.slice(0, 10)
  if (clock === "00:00") return date
  return index === 0 ? `${clock}\n${date}` : clock
}

/** Zero stays in sight unless the values are far from it and close together. */
function yRange(_: uPlot, min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1]
  const low = Math.min(0, min)
  const high = Math.max(0, max)
  const room = (high - low || 1) * 0.08
  return [low < 0 ? low - room : 0, high > 0 ? high + room : 0]
}
