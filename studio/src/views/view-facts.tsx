/** How large a view is and how far it has come; why it is not further is a question away. */
import type { View } from "../api/types.ts"
import { formatCount } from "../format/numbers.ts"
import { formatInstant, formatSpan } from "../format/times.ts"
import { useInspect } from "../inspect/inspect-context.ts"

interface Props {
  readonly view: View
  readonly mode: "stream" | "poll"
  readonly connected: boolean
}

export function ViewFacts({ view, mode, connected }: Props) {
  const inspect = useInspect()
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
        {view.lag.ms >= 1_000 && <li>behind by {formatSpan(view.lag.ms)}</li>}
        {view.emit === "final" && (
          <li title="A window's rows appear once, when it closes">closed windows only</li>
        )}
        {mode === "stream" && !connected && <li className="warn">reconnecting</li>}
      </ul>
      <button type="button" className="link" onClick={() => inspect({ kind: "lateness", view: view.name })}>
        What holds it back?<span className="unseen"> {view.name}</span>
      </button>
    </div>
  )
}
