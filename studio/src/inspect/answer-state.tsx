/** How waiting for an answer and a failure to get one look, everywhere the same. */
import type { Asked } from "../live/use-answer.ts"

interface Props {
  readonly asked: Asked<unknown>
  /** What is being done meanwhile: "Reading history". */
  readonly doing: string
}

/** Nothing once there is an answer, unless asking for it again failed. */
export function AnswerState({ asked, doing }: Props) {
  const { value, problem, loading, again } = asked
  if (problem !== null) {
    const tone = problem.code === "store-unavailable" ? "wait" : "bad"
    return (
      <div className="state" data-tone={tone} role="alert">
        <p>
          <strong>{tone === "wait" ? "Not available here." : "No answer."}</strong> {problem.words}
        </p>
        <button type="button" className="button quiet" onClick={again}>
          Try again
        </button>
      </div>
    )
  }
  if (value !== null || !loading) return null
  return (
    <p className="state" role="status">
      <span className="ripple" aria-hidden="true" /> {doing}…
    </p>
  )
}
