/** One dead letter: where it came from, what is wrong with it, its text, and what can be done. */
import { memo, useState } from "react"
import { wordsOf } from "../api/http.ts"
import { type DeadLetter, discardLetter, startReplay } from "../api/letters.ts"
import { formatCount } from "../format/numbers.ts"
import { formatClock } from "../format/times.ts"
import { useInspect } from "../inspect/inspect-context.ts"
import { placeWords } from "../inspect/record-item.tsx"

interface Props {
  readonly letter: DeadLetter
  readonly onDealtWith: () => void
}

export const LetterItem = memo(function LetterItem({ letter, onDealtWith }: Props) {
  return (
    <article className="letter" aria-label={`Dead letter of ${letter.event}: ${letter.message}`}>
      <p className="reject-where">
        <span className="tag">{letter.event}</span>
        {letter.field !== null && <code>{letter.field}</code>}
        <span className="note">
          {letter.source}, row {formatCount(letter.index)} ·{" "}
          <time dateTime={letter.at} title={letter.at}>
            {formatClock(letter.at)}
          </time>
        </span>
      </p>
      <p className="reject-why">
        {letter.message} <span className="code-tag">{letter.code}</span>
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls needs the keyboard */}
      <pre className="letter-text" tabIndex={0}>
        {letter.text}
      </pre>
      <Actions letter={letter} onDealtWith={onDealtWith} />
    </article>
  )
})

function Actions({ letter, onDealtWith }: Props) {
  const inspect = useInspect()
  const [doing, setDoing] = useState<string | null>(null)
  const act = async (words: string, action: () => Promise<unknown>): Promise<void> => {
    setDoing(words)
    try {
      await action()
      onDealtWith()
    } catch (error) {
      setDoing(wordsOf(error))
    }
  }
  if (letter.state !== "open") {
    return (
      <p className="record-foot">
        <span className="letter-state" data-state={letter.state}>
          {letter.state}
        </span>
        {letter.replay !== null && letter.replay.id !== null && (
          <span className="note">
            by replay <code>{letter.replay.id}</code>
            {letter.replay.place !== null && `, now at ${placeWords(letter.replay.place)}`}
          </span>
        )}
      </p>
    )
  }
  const refused = letter.replay?.message ?? null
  const place = `${letter.event}, row ${letter.index}`
  return (
    <p className="record-foot">
      <button
        type="button"
        className="button quiet strong"
        aria-label={`Edit and replay: ${place}`}
        onClick={() => inspect({ kind: "letter", letter })}
      >
        Edit and replay
      </button>
      <button
        type="button"
        className="button quiet"
        title="For when the contract has changed since"
        aria-label={`Replay as it is: ${place}`}
        onClick={() => void act("Sending…", () => startReplay({ dead_letters: [{ id: letter.id }] }))}
      >
        Replay as it is
      </button>
      <button
        type="button"
        className="button quiet"
        aria-label={`Discard: ${place}`}
        onClick={() => void act("Discarding…", () => discardLetter(letter.id))}
      >
        Discard
      </button>
      <span className="note" role="status">
        {doing ?? (refused === null ? null : `Refused again: ${refused}`)}
      </span>
    </p>
  )
}
