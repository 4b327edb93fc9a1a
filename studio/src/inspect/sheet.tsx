/**
 * The sheet at the side that answers a question about what was pointed at. It is a modal dialog: the browser
 * keeps the focus inside, closes it on Escape, and gives the focus back to where the question was asked.
 */
import { useEffect, useRef } from "react"
import type { Status } from "../live/use-status.ts"
import { EventPanel } from "./event-panel.tsx"
import { LatenessPanel } from "./lateness-panel.tsx"
import { LetterPanel } from "./letter-panel.tsx"
import { NewestPanel } from "./newest-panel.tsx"
import { type Origin, originOf, returnTo } from "./origin.ts"
import { type Question, questionName, questionSubject, questionTitle } from "./question.ts"
import { TermPanel } from "./term-panel.tsx"
import type { Trail } from "./use-trail.ts"
import { VerdictPanel } from "./verdict-panel.tsx"
import { VerificationPanel } from "./verification-panel.tsx"
import { WhyPanel } from "./why-panel.tsx"

interface Props {
  readonly trail: Trail
  readonly status: Status
  /** Leads to the SQL box, with this in it. */
  readonly onSql: (sql: string) => void
}

export function Sheet({ trail, status, onSql }: Props) {
  const leave = (sql: string): void => {
    trail.close()
    onSql(sql)
  }
  const dialog = useRef<HTMLDialogElement>(null)
  const title = useRef<HTMLHeadingElement>(null)
  const origin = useRef<Origin>(null)
  const question = trail.questions.at(-1) ?? null
  const name = question === null ? null : questionName(question)

  useEffect(() => {
    const element = dialog.current
    if (element === null) return
    if (name === null) {
      if (element.open) element.close()
      returnTo(origin.current)
      origin.current = null
      return
    }
    if (!element.open) {
      origin.current = originOf(document.activeElement)
      element.showModal()
    }
    title.current?.focus()
    element.scrollTop = 0
  }, [name])

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog without our help
    <dialog
      ref={dialog}
      className="sheet"
      aria-labelledby="sheet-title"
      onClose={trail.close}
      onClick={(click) => click.target === dialog.current && trail.close()}
    >
      {question !== null && (
        <div className="sheet-inside">
          <header className="sheet-head">
            {trail.questions.length > 1 && (
              <button type="button" className="button quiet" onClick={trail.back}>
                <span aria-hidden="true">←</span> Back
              </button>
            )}
            <div className="sheet-title">
              <h2 id="sheet-title" ref={title} tabIndex={-1}>
                {questionTitle(question)}
              </h2>
              <p>
                <code>{questionSubject(question)}</code>
              </p>
            </div>
            <button type="button" className="button quiet" onClick={trail.close}>
              Close
            </button>
          </header>
          <div className="sheet-body">
            <Panel key={name} question={question} trail={trail} status={status} onSql={leave} />
          </div>
        </div>
      )}
    </dialog>
  )
}

function Panel({ question, trail, status, onSql }: Props & { readonly question: Question }) {
  switch (question.kind) {
    case "why":
      return <WhyPanel view={question.view} keyValues={question.key} status={status} />
    case "event":
      return <EventPanel record={question.record} status={status} onLeave={trail.close} />
    case "verdict":
      return <VerdictPanel view={question.view} verdict={question.verdict} status={status} />
    case "lateness":
      return <LatenessPanel view={question.view} nowMs={status.nowMs} />
    case "verification":
      return <VerificationPanel view={question.view} status={status} />
    case "letter":
      return <LetterPanel letter={question.letter} status={status} />
    case "newest":
      return <NewestPanel event={question.event} onSql={onSql} />
    case "term":
      return <TermPanel subject={question.subject} term={question.term} status={status} onSql={onSql} />
  }
}
