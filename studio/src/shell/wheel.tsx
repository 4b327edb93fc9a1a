/** The mill wheel: it turns while events come, faster when there are more. */

/** Seconds for one turn by events per second: a hint of the pace, not a gauge. */
function turnSeconds(rate: number): number {
  return Math.max(3, 24 / (1 + Math.log10(1 + rate)))
}

export function Wheel({ rate }: { readonly rate: number }) {
  const turning = rate > 0
  return (
    <svg className="wheel" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <g
        className="wheel-turn"
        style={{
          animationDuration: `${turnSeconds(Math.round(Math.log10(1 + rate)))}s`,
          animationPlayState: turning ? "running" : "paused",
        }}
      >
        <circle cx="16" cy="14" r="8.5" />
        <path d="M16 2.5v23M4.5 14h23M7.9 5.9l16.2 16.2M24.1 5.9 7.9 22.1" />
        <circle className="hub" cx="16" cy="14" r="2.2" />
      </g>
      <path className="race" d="M2 29c3.5-2.6 6.5-2.6 9.5 0s6 2.6 9.5 0 6-2.6 9 0" />
    </svg>
  )
}
