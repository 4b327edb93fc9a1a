/** Rows that a contract refused, newest first, with the reason and what was sent. */
import type { RejectedSample } from "../api/types.ts"
import { formatCount } from "../format/numbers.ts"
import { formatClock } from "../format/times.ts"
import type { Status } from "../live/use-status.ts"

/** Older ones stay on the platform; a page of hundreds helps nobody. */
const SHOWN = 12

export function Rejected({ status }: { readonly status: Status }) {
  const total = status.events.reduce((sum, event) => sum + event.rejected, 0)
  const newest = [...status.rejected].sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, SHOWN)
  return (
    <section id="rejected" className="section" aria-labelledby="rejected-title" tabIndex={-1}>
      <div className="section-head">
        <h2 id="rejected-title">Rejected</h2>
        <p>
          {total === 0 && newest.length === 0
            ? "Rows that break their contract show up here."
            : `${formatCount(total)} in all. Their neighbours went on.`}
        </p>
      </div>
      {newest.length === 0 ? (
        <div className="empty">
          <p>
            <strong>Nothing was refused.</strong> To see how a refusal looks, use “Break it” in the form and
            send.
          </p>
        </div>
      ) : (
        <ol className="rejects">
          {withKeys(newest).map(([key, sample]) => (
            <li key={key}>
              <Sample sample={sample} />
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

function Sample({ sample }: { readonly sample: RejectedSample }) {
  return (
    <article className="reject">
      <p className="reject-where">
        <span className="tag">{sample.event ?? "no event"}</span>
        {sample.field !== null && <code>{sample.field}</code>}
        <span className="note">
          row {formatCount(sample.index)} · <time dateTime={sample.at}>{formatClock(sample.at)}</time>
        </span>
      </p>
      <p className="reject-why">{sample.message}</p>
      <details>
        <summary>
          What was sent <span className="code-tag">{sample.code}</span>
        </summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls needs the keyboard */}
        <pre tabIndex={0}>{sample.text}</pre>
      </details>
    </article>
  )
}

/** A row that is sent and refused again within a millisecond looks the same: the n-th of its kind. */
function withKeys(samples: readonly RejectedSample[]): readonly (readonly [string, RejectedSample])[] {
  const times = new Map<string, number>()
  return samples
    .toReversed()
    .map((sample): readonly [string, RejectedSample] => {
      const { at, event, index, field, code, text } = sample
      const name = JSON.stringify([at, event, index, field, code, text])
      const nth = (times.get(name) ?? 0) + 1
      times.set(name, nth)
      return [`${name} ${nth}`, sample]
    })
    .toReversed()
}
