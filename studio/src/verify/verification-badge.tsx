/** Beside each view: what the last check against the second engine said, and when. Opens its details. */
import type { Verification, View } from "../api/types.ts"
import { formatCount } from "../format/numbers.ts"
import { formatSpan } from "../format/times.ts"
import { useInspect } from "../inspect/inspect-context.ts"

type Verdict = Verification["verdict"] | "never"

export const CHECK_WORDS: Readonly<Record<Verdict, readonly [mark: string, words: string]>> = {
  equal: ["✓", "equal"],
  different: ["≠", "different"],
  "nothing-compared": ["–", "nothing to compare"],
  empty: ["○", "was empty"],
  cannot: ["–", "cannot be checked"],
  never: ["○", "not checked yet"],
}

export const CHECK_TONES: Readonly<Record<Verdict, string | undefined>> = {
  equal: "good",
  different: "bad",
  "nothing-compared": "wait",
  empty: undefined,
  cannot: "wait",
  never: undefined,
}

export function VerificationBadge({ view, nowMs }: { readonly view: View; readonly nowMs: number }) {
  const inspect = useInspect()
  const check = view.verification ?? null
  const result = check?.verdict ?? "never"
  const [mark, words] = CHECK_WORDS[result]
  return (
    <button
      type="button"
      className="button quiet check-badge"
      data-tone={CHECK_TONES[result]}
      title="Compared with the second engine, which works from the bytes that producers sent"
      onClick={() => inspect({ kind: "verification", view: view.name })}
    >
      <span aria-hidden="true">{mark}</span>
      <span className="unseen">Second engine, {view.name}:</span> {words}
      {check !== null && <span className="note"> {ago(check, nowMs)}</span>}
    </button>
  )
}

function ago(check: Verification, nowMs: number): string {
  const ms = nowMs - Date.parse(check.at)
  if (Number.isNaN(ms)) return ""
  return ms < 2_000 ? "just now" : `${formatSpan(ms)} ago`
}

export function comparedWords(check: Verification): string {
  const { rows_compared, events_read, epoch, duration_ms } = check
  const rows = `${formatCount(rows_compared)} ${rows_compared === 1 ? "row" : "rows"} compared`
  const read = `${formatCount(events_read)} ${events_read === 1 ? "event" : "events"}`
  return `${rows} with ${read}, at epoch ${formatCount(epoch)}, in ${formatSpan(duration_ms)}`
}
