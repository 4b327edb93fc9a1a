/** One number of a balance: what it counts, the view's SQL where that decides it, and ways to its events. */
import type { View } from "../api/types.ts"
import { newestSql } from "../ask/examples.ts"
import { doorBalance, sourcesOf, type Term, viewBalance } from "../balance/balance.ts"
import { formatCount } from "../format/numbers.ts"
import { TERM_MEANINGS } from "../format/verdicts.ts"
import type { Status } from "../live/use-status.ts"
import { dedent } from "../views/dedent.ts"
import { useInspect } from "./inspect-context.ts"
import type { Subject } from "./question.ts"

interface Props {
  readonly subject: Subject
  readonly term: Term | "received" | "appended"
  readonly status: Status
  readonly onSql: (sql: string) => void
}

const MORE_WORDS: Readonly<Partial<Record<Props["term"], string>>> = {
  received: "Everything that producers sent, whatever became of it.",
  appended: "Every row that is in the log for what this view reads, each ruled on once.",
  applied: "A row of the view opens the events behind it, and an event where it went.",
  filtered:
    "No row is kept apart for it: the view’s own SQL says which they are. An event says it of itself.",
  duplicates: "Each was answered with the receipt of the first, and nothing was appended a second time.",
  duplicate: "The first event with the id counts, and no view counts the others. An event says it of itself.",
}

export function TermPanel({ subject, term, status, onSql }: Props) {
  const inspect = useInspect()
  const view =
    subject.kind === "view" ? (status.views.find(({ name }) => name === subject.name) ?? null) : null
  const sources = view === null ? [subject.name] : [...sourcesOf(view, status.views)]
  const meaning = term === "received" || term === "appended" ? null : TERM_MEANINGS[term]
  return (
    <>
      <dl className="row-facts">
        <div>
          <dt>{term}</dt>
          <dd>{formatCount(countOf({ subject, term, status }, view))}</dd>
        </div>
      </dl>
      <p className="lead">
        {meaning !== null && <strong>{`${meaning[0]?.toUpperCase()}${meaning.slice(1)}. `}</strong>}
        {MORE_WORDS[term]}
      </p>
      {sources.map((event) => (
        <div key={event} className="buttons">
          <button type="button" className="button" onClick={() => inspect({ kind: "newest", event })}>
            Newest events of {event}
          </button>
          <button type="button" className="button" onClick={() => onSql(newestSql(event))}>
            Ask of {event} in SQL
          </button>
        </div>
      ))}
      {view !== null && (
        <section className="sheet-section" aria-labelledby="term-sql">
          <h3 id="term-sql">What the view asks</h3>
          <pre className="block">{dedent(view.sql)}</pre>
        </section>
      )}
    </>
  )
}

function countOf({ subject, term, status }: Omit<Props, "onSql">, view: View | null): number {
  const event = status.events.find(({ name }) => name === subject.name)
  const balance =
    view === null
      ? event === undefined
        ? null
        : doorBalance(event)
      : viewBalance(view, status.views, status.appended)
  if (balance === null) return 0
  if (term === balance.whole) return balance.total
  return balance.parts.find((part) => part.term === term)?.count ?? 0
}
