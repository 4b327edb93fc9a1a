/** Rows that broke their contract and could not be answered: kept with the reason, to be mended or let go. */
import { useCallback, useId, useRef, useState } from "react"
import { wordsOf } from "../api/http.ts"
import { type DeadLetter, LETTER_STATES, type LetterState, startReplay } from "../api/letters.ts"
import { formatCount } from "../format/numbers.ts"
import { useOnScreen } from "../live/use-on-screen.ts"
import type { Status } from "../live/use-status.ts"
import { LetterItem } from "./letter-item.tsx"
import { useLetters } from "./use-letters.ts"

const EMPTY_WORDS: Readonly<Record<LetterState, readonly [head: string, rest: string]>> = {
  open: [
    "Nothing waits here.",
    "Rows of events that declare onInvalid: “dead-letter” come here when they break.",
  ],
  replayed: ["Nothing was sent back yet.", "A letter that was mended or tried again moves here."],
  discarded: ["Nothing was discarded.", "A letter that nobody needs can be let go; it stays listed here."],
}

export function DeadLetters({ status }: { readonly status: Status }) {
  const section = useRef<HTMLElement>(null)
  const onScreen = useOnScreen(section)
  const [state, setState] = useState<LetterState>("open")
  const [event, setEvent] = useState<string | null>(null)
  const letters = useLetters({ event, state, enabled: onScreen })
  const { page, again } = letters
  const shown = page?.dead_letters.filter((letter) => letter.state === state) ?? []
  const dealtWith = useCallback(() => again(), [again])
  return (
    <section
      id="dead-letters"
      ref={section}
      className="section"
      aria-labelledby="dead-letters-title"
      tabIndex={-1}
    >
      <div className="section-head">
        <h2 id="dead-letters-title">Dead letters</h2>
        <p>Rows that broke their contract where nobody could be told. Nothing vanishes.</p>
      </div>
      <div className="letters">
        <div className="letters-head">
          <States state={state} counts={page?.counts ?? null} onChoose={setState} />
          <EventFilter status={status} event={event} onChoose={setEvent} />
          {state === "open" && event !== null && shown.length > 0 && (
            <ReplayAll event={event} count={page?.counts.open ?? 0} onDone={again} />
          )}
        </div>
        {letters.problem !== null && (
          <p className="state" data-tone={letters.offered ? "bad" : "wait"} role="status">
            <strong>{letters.offered ? "These may be old." : "Not kept here."}</strong> {letters.problem}
          </p>
        )}
        {page !== null && shown.length === 0 && (
          <p className="state">
            <strong>{EMPTY_WORDS[state][0]}</strong> {EMPTY_WORDS[state][1]}
          </p>
        )}
        {page === null && letters.problem === null && <p className="state">Reading…</p>}
        <ol className="letter-list">
          {shown.map((letter: DeadLetter) => (
            <li key={letter.id}>
              <LetterItem letter={letter} onDealtWith={dealtWith} />
            </li>
          ))}
        </ol>
        {page !== null && page.cursor !== null && (
          <p className="letters-more">
            <button type="button" className="button" onClick={letters.more}>
              More
            </button>
          </p>
        )}
      </div>
    </section>
  )
}

interface StatesProps {
  readonly state: LetterState
  readonly counts: Readonly<Record<LetterState, number>> | null
  readonly onChoose: (state: LetterState) => void
}

function States({ state, counts, onChoose }: StatesProps) {
  return (
    <fieldset className="segments">
      <legend className="unseen">State of the letters</legend>
      {LETTER_STATES.map((name) => (
        <label key={name}>
          <input type="radio" name="letter-state" checked={name === state} onChange={() => onChoose(name)} />
          <span>
            {name} <strong>{counts === null ? "–" : formatCount(counts[name])}</strong>
          </span>
        </label>
      ))}
    </fieldset>
  )
}

interface FilterProps {
  readonly status: Status
  readonly event: string | null
  readonly onChoose: (event: string | null) => void
}

function EventFilter({ status, event, onChoose }: FilterProps) {
  const id = useId()
  return (
    <div className="inline-field">
      <label htmlFor={id}>Event</label>
      <select
        id={id}
        value={event ?? ""}
        onChange={(change) => onChoose(change.target.value === "" ? null : change.target.value)}
      >
        <option value="">all</option>
        {status.events.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </div>
  )
}

interface ReplayAllProps {
  readonly event: string
  readonly count: number
  readonly onDone: () => void
}

/** Two presses: sending thousands of rows is not undone by a third one. */
function ReplayAll({ event, count, onDone }: ReplayAllProps) {
  const [asking, setAsking] = useState(false)
  const [words, setWords] = useState<string | null>(null)
  const run = async (): Promise<void> => {
    if (!asking) return setAsking(true)
    setAsking(false)
    setWords("Sending…")
    try {
      const { id } = await startReplay({ event, all: true })
      setWords(`Replay ${id} is on its way.`)
      onDone()
    } catch (error) {
      setWords(wordsOf(error))
    }
  }
  return (
    <span className="replay-all">
      <button
        type="button"
        className="button quiet"
        onClick={() => void run()}
        onBlur={() => setAsking(false)}
        data-tone={asking ? "wait" : undefined}
      >
        {asking ? `Yes, send all ${formatCount(count)} again` : `Replay all of ${event}`}
      </button>
      <span className="note" role="status">
        {words}
      </span>
    </span>
  )
}
