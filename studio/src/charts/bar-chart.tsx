/** Horizontal bars around zero. Hidden from screen readers: the table beside it holds the same numbers. */
import type { Bar } from "./series.ts"

interface Props {
  readonly bars: readonly Bar[]
  readonly onPick: (name: string) => void
}

export function BarChart({ bars, onPick }: Props) {
  const low = Math.min(0, ...bars.map((bar) => bar.value))
  const high = Math.max(0, ...bars.map((bar) => bar.value))
  const span = high - low || 1
  return (
    <div className="bar-chart" aria-hidden="true">
      {bars.map((bar) => {
        const from = (Math.min(0, bar.value) - low) / span
        const size = Math.abs(bar.value) / span
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: for the mouse; the table is for the keyboard
          // biome-ignore lint/a11y/useKeyWithClickEvents: for the mouse; the table is for the keyboard
          <div className="bar-row" key={bar.name} onClick={() => onPick(bar.name)}>
            <span className="bar-name">{bar.name}</span>
            <span className="bar-track">
              <span className="bar" style={{ left: `${from * 100}%`, width: `${size * 100}%` }} />
            </span>
            <span className="bar-value">{bar.text}</span>
          </div>
        )
      })}
    </div>
  )
}
