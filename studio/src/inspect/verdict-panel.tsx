/** Events that a view ruled late or failed: why, and a way to send them again. */
import { useState } from "react"
import { wordsOf } from "../api/http.ts"
import { startReplay } from "../api/letters.ts"
import { readVerdicts, type VerdictRow } from "../api/records.ts"
import { formatCount } from "../format/numbers.ts"
import { VERDICT_MEANINGS } from "../format/verdicts.ts"
import type { Status } from "../live/use-status.ts"
import { RecordItem } from "./record-item.tsx"
import { usePages } from "./use-pages.ts"

const PAGE = 50

interface Props {
  readonly view: string
  readonly verdict: "late" | "failed"
  readonly status: Status
}

export function VerdictPanel({ view, verdict, status }: Props) {
  const pages = usePages((cursor) => readVerdicts(view, verdict, { limit: PAGE, cursor }))
  const count = status.views.find(({ name }) => name === view)?.verdicts[verdict] ?? 0
  return (
    <section className="sheet-section" aria-label={`Events that are ${verdict} in ${view}`}>
      <p className="lead">
        <strong>
          {formatCount(count)} {verdict}
        </strong>
        : {VERDICT_MEANINGS[verdict]}. Each is kept in the log.
      </p>
      {pages.problem !== null && (
        <div className="state" data-tone="bad" role="alert">
          <p>
            <strong>No answer.</strong> {pages.problem}
          </p>
          <button type="button" className="button quiet" onClick={pages.again}>
            Try again
          </button>
        </div>
      )}
      {pages.rows === null && pages.loading && (
        <p className="state" role="status">
          <span className="ripple" aria-hidden="true" /> Reading the ledger…
        </p>
      )}
      {pages.rows?.length === 0 && <p className="state">No event is {verdict} in this view.</p>}
      <ol className="records">
        {(pages.rows ?? []).map((row) => (
          <li key={`${row.partition}/${row.offset}/${row.event}`}>
            <VerdictItem row={row} view={view} verdict={verdict} onReplayed={pages.again} />
          </li>
        ))}
      </ol>
      {pages.more && (
        <button type="button" className="button" onClick={pages.next} aria-disabled={pages.loading}>
          {pages.loading ? "Reading…" : "More"}
        </button>
      )}
    </section>
  )
}

interface ItemProps {
  readonly row: VerdictRow
  readonly view: string
  readonly verdict: "late" | "failed"
  readonly onReplayed: () => void
}

function VerdictItem({ row, view, verdict, onReplayed }: ItemProps) {
  const [doing, setDoing] = useState<string | null>(null)
  const { event, partition, offset, appended_at, value } = row
  if (event === null || appended_at === null) {
    return (
      <p className="note">
        partition {partition}, offset {formatCount(offset)}: {row.reason ?? verdict}. Its text is no longer in
        history.
      </p>
    )
  }
  const replay = async (): Promise<void> => {
    setDoing("Sending…")
    try {
      await startReplay({ view, verdict, rows: [{ event, partition, offset }] })
      setDoing("Sent back.")
      onReplayed()
    } catch (error) {
      setDoing(wordsOf(error))
    }
  }
  return (
    <RecordItem
      record={{ event, partition, offset, appended_at, value }}
      verdict={verdict}
      reason={row.reason}
    >
      <p className="record-foot">
        {row.replay === null || row.replay.state === "open" ? (
          <button
            type="button"
            className="button quiet"
            onClick={() => void replay()}
            aria-label={`Send again: offset ${row.offset} of partition ${row.partition}`}
          >
            Send again
          </button>
        ) : (
          <span className="note">
            {row.replay.state === "sending" ? "on its way" : "sent again"} by replay{" "}
            <code>{row.replay.id}</code>
          </span>
        )}
        <span className="note" role="status">
          {doing}
        </span>
      </p>
    </RecordItem>
  )
}
