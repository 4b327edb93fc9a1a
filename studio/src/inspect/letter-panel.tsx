/** A dead letter on the bench: its text to be mended, beside what the contract wants, and sent back. */
import { type KeyboardEvent, useId, useState } from "react"
import { ApiFailure, wordsOf } from "../api/http.ts"
import { type DeadLetter, type Replay, readLetter, readReplay, replayMended } from "../api/letters.ts"
import { checkDraft, type DraftCheck, editable } from "../letters/draft-check.ts"
import { useAnswer } from "../live/use-answer.ts"
import type { Status } from "../live/use-status.ts"
import { AnswerState } from "./answer-state.tsx"

/** A replay of one letter is done within moments; asked so often, so many times. */
const ASK_EVERY_MS = 250
const ASK_TIMES = 40

type Sending =
  | { readonly kind: "editing" }
  | { readonly kind: "sending" }
  | { readonly kind: "done"; readonly replay: Replay }
  | { readonly kind: "failed"; readonly problem: string }

interface Props {
  readonly letter: DeadLetter
  readonly status: Status
}

/** Lists cut long texts, so the whole letter is read first. */
export function LetterPanel({ letter, status }: Props) {
  const asked = useAnswer(letter.id, () => readLetter(letter.id))
  return (
    <>
      <AnswerState asked={asked} doing="Reading the letter" />
      {asked.value !== null && <Bench letter={asked.value} status={status} />}
    </>
  )
}

function Bench({ letter, status }: Props) {
  const id = useId()
  const event = status.events.find(({ name }) => name === letter.event) ?? null
  const [text, setText] = useState(() => editable(letter.text))
  const [sending, setSending] = useState<Sending>({ kind: "editing" })
  const namesField = letter.field === null || letter.message.startsWith(letter.field)
  const check = event === null ? null : checkDraft(text, event)
  const ready = check !== null && check.problem === null && sending.kind !== "sending"

  const send = async (): Promise<void> => {
    if (!ready) return
    setSending({ kind: "sending" })
    try {
      const started = await replayMended(letter.id, text)
      setSending({ kind: "done", replay: await finish(started) })
    } catch (error) {
      setSending({ kind: "failed", problem: reasonOf(error) })
    }
  }
  const onKeyDown = (press: KeyboardEvent): void => {
    if (press.key !== "Enter" || !(press.ctrlKey || press.metaKey)) return
    press.preventDefault()
    void send()
  }
  return (
    <>
      <p className="answer-line" data-tone="bad">
        {namesField ? null : <code>{letter.field}</code>} {letter.message}{" "}
        <span className="code-tag">{letter.code}</span>
      </p>
      <div className="json-box">
        <label htmlFor={id}>JSON to be sent back</label>
        <textarea
          id={id}
          value={text}
          rows={Math.min(18, Math.max(6, text.split("\n").length + 1))}
          spellCheck={false}
          aria-describedby={`${id}-problem`}
          aria-invalid={check?.problem !== null}
          onKeyDown={onKeyDown}
          onChange={(change) => {
            setText(change.target.value)
            setSending({ kind: "editing" })
          }}
        />
        <p className="draft-problem" id={`${id}-problem`}>
          {check?.problem ?? "Ctrl + Enter sends it."}
        </p>
      </div>
      <div className="buttons">
        <button type="button" className="button primary" aria-disabled={!ready} onClick={() => void send()}>
          {sending.kind === "sending" ? "Sending…" : "Send back"}
        </button>
        <button type="button" className="button" onClick={() => setText(editable(letter.text))}>
          As it came
        </button>
      </div>
      <Outcome sending={sending} />
      {check !== null && <Hints check={check} wrong={text === editable(letter.text) ? letter.field : null} />}
    </>
  )
}

async function finish(started: Replay): Promise<Replay> {
  let replay = started
  for (let asked = 0; asked < ASK_TIMES && replay.status === "running"; asked++) {
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
    replay = await readReplay(started.id)
  }
  return replay.rows === undefined ? readReplay(started.id) : replay
}

/** A refusal names the rows that were refused. */
function reasonOf(error: unknown): string {
  const rejected = error instanceof ApiFailure ? error.fields["rejected"] : null
  const [first] = Array.isArray(rejected) ? (rejected as readonly { message?: unknown }[]) : []
  return typeof first?.message === "string" ? first.message : wordsOf(error)
}

function Outcome({ sending }: { readonly sending: Sending }) {
  if (sending.kind === "editing" || sending.kind === "sending") return <div role="status" />
  if (sending.kind === "failed") {
    return (
      <p className="answer-line" data-tone="bad" role="alert">
        <strong>Not sent.</strong> {sending.problem}
      </p>
    )
  }
  const { replay } = sending
  const refused = replay.rows?.find(({ message }) => message !== null)?.message ?? replay.error
  return refused === null ? (
    <p className="answer-line" data-tone="good" role="status">
      <strong>Sent back.</strong> Replay <code>{replay.id}</code>: {replay.status}. The letter is kept as
      replayed.
    </p>
  ) : (
    <p className="answer-line" data-tone="bad" role="alert">
      <strong>Refused again.</strong> {refused}
    </p>
  )
}

const HINT_MARKS = { there: "✓", missing: "!", "left out": "·" } as const

function Hints({ check, wrong }: { readonly check: DraftCheck; readonly wrong: string | null }) {
  return (
    <section className="sheet-section" aria-labelledby="contract-hints">
      <h3 id="contract-hints">What the contract wants</h3>
      <ul className="hints">
        {check.hints.map(({ field, role, state }) => (
          <li key={field.name} data-state={state} data-wrong={field.name === wrong ? "" : undefined}>
            <span aria-hidden="true">{HINT_MARKS[state]}</span>
            <code>{field.name}</code>
            <span className="note">
              {[field.type, role, field.optional ? "optional" : null, field.nullable ? "or null" : null]
                .filter((part) => part !== null)
                .join(" · ")}
              {state === "missing" && " · missing"}
            </span>
          </li>
        ))}
        {check.unknown.map((name) => (
          <li key={name} data-state="unknown">
            <span aria-hidden="true">?</span>
            <code>{name}</code>
            <span className="note">the contract does not declare it</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
