/** How large a view is, how far it has come, and what became of the events that it read. */
import { VERDICTS, type View } from "../api/types.ts"
import { formatCount } from "../format/numbers.ts"
import { formatInstant, formatSpan } from "../format/times.ts"
import { VERDICT_MEANINGS } from "../format/verdicts.ts"

interface Props {
  readonly view: View
  readonly mode: "stream" | "poll"
  readonly connected: boolean
}

export function ViewFacts({ view, mode, connected }: Props) {
  const verdicts = VERDICTS.map((name) => ({ name, count: view.verdicts[name] ?? 0 })).filter(
    ({ name, count }) => count > 0 || name === "applied",
  )
  return (
    <div className="facts">
      <ul>
        <li>
          <strong>{formatCount(view.row_count)}</strong> {view.row_count === 1 ? "row" : "rows"}
        </li>
        <li>
          epoch <strong>{formatCount(view.epoch)}</strong>
        </li>
        {view.watermark !== null && (
          <li>
            complete to <strong>{formatInstant(view.watermark)}</strong>
          </li>
        )}
        <li>
          <strong>{formatCount(view.lag.events)}</strong> pending
          {view.lag.ms >= 1_000 && <> for {formatSpan(view.lag.ms)}</>}
        </li>
        {view.emit === "final" && (
          <li title="A window's rows appear once, when it closes">closed windows only</li>
        )}
        {mode === "stream" && !connected && <li className="warn">reconnecting</li>}
      </ul>
      <ul className="verdicts" aria-label="What became of the events">
        {verdicts.map(({ name, count }) => (
          <li key={name} data-verdict={name} title={VERDICT_MEANINGS[name]}>
            <span className="dot" aria-hidden="true" />
            {formatCount(count)} {name}
          </li>
        ))}
      </ul>
    </div>
  )
}
