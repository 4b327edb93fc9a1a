/** A stream's rate over the last minute, like the level of water in its channel. */
import { useId } from "react"
import { RATE_POINTS } from "../live/use-status.ts"

const WIDTH = 480
const HEIGHT = 64
const TOP = 6

export function Sparkline({ values }: { readonly values: readonly number[] }) {
  const fill = useId()
  const highest = Math.max(1, ...values)
  const step = WIDTH / (RATE_POINTS - 1)
  const start = WIDTH - (values.length - 1) * step
  const points = values.map((value, index) => {
    const x = start + index * step
    const y = HEIGHT - 1 - (value / highest) * (HEIGHT - TOP - 1)
    return `${x.toFixed(1)},${y.toFixed(1)}`
  })
  const line = `M${points.join("L")}`
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      <defs>
        <linearGradient id={fill} x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" className="water-top" />
          <stop offset="1" className="water-bottom" />
        </linearGradient>
      </defs>
      <line className="bed" x1="0" x2={WIDTH} y1={HEIGHT - 1} y2={HEIGHT - 1} />
      {values.length > 1 && (
        <>
          <path d={`${line}L${WIDTH},${HEIGHT}L${start.toFixed(1)},${HEIGHT}Z`} fill={`url(#${fill})`} />
          <path className="surface" d={line} vectorEffect="non-scaling-stroke" />
        </>
      )}
    </svg>
  )
}
