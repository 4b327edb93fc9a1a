/**
 * A sum drawn so that one sees it: the whole above, its parts below to the same edge, and in words as an
 * equation. What is not accounted for is hatched and said aloud.
 */
import { formatCount } from "../format/numbers.ts"
import { type Balance, type Part, sumOf, type Term } from "./balance.ts"

interface Props {
  readonly balance: Balance
  /** What is missing for good; a difference that has just come up is not said. */
  readonly missing: number
  /** Of what: "flight at the door". */
  readonly name: string
  /** A number was asked what is behind it. */
  readonly onTerm: (term: Term | Balance["whole"]) => void
  readonly meanings: Readonly<Record<Term, string>>
}

export function BalanceBar({ balance, missing, name, onTerm, meanings }: Props) {
  const { whole, parts } = balance
  // What is known to be missing belongs to the whole, also where rows that flow hide it just now.
  const total = missing === 0 ? balance.total : sumOf(parts) + missing
  return (
    <section className="balance" aria-label={`Balance of ${name}`} data-tone={missing === 0 ? null : "bad"}>
      <div className="balance-drawing" aria-hidden="true">
        <span className="balance-whole" style={{ flexGrow: Math.max(total, 1) }} />
        <Parts parts={parts} missing={missing} />
      </div>
      <p className="equation">
        <button type="button" className="term" data-term={whole} onClick={() => onTerm(whole)}>
          <strong>{formatCount(total)}</strong> {whole}
        </button>
        {parts.map((part, index) => (
          <span key={part.term} className="term-group">
            <span className="sign" aria-hidden="true">
              {index === 0 ? "=" : "+"}
            </span>
            <span className="unseen">{index === 0 ? " equals " : " plus "}</span>
            <TermCount part={part} open={() => onTerm(part.term)} meaning={meanings[part.term]} />
          </span>
        ))}
        {missing === 0 && (
          <span className="adds-up" title="Every row is accounted for">
            <span aria-hidden="true">✓</span> adds up
          </span>
        )}
      </p>
      {missing !== 0 && (
        <p className="balance-alarm" role="alert">
          <strong>{alarm(missing, whole)}</strong> This must never be. Keep the data folder as it is and
          report it with what <code>millrace status</code> says.
        </p>
      )}
    </section>
  )
}

function alarm(missing: number, whole: string): string {
  const rows = Math.abs(missing) === 1 ? "row" : "rows"
  return missing > 0
    ? `${formatCount(missing)} ${rows} ${whole} and not accounted for.`
    : `${formatCount(-missing)} ${rows} counted that were never ${whole}.`
}

function Parts({ parts, missing }: { readonly parts: readonly Part[]; readonly missing: number }) {
  return (
    <span className="balance-parts">
      {parts
        .filter(({ count }) => count > 0)
        .map(({ term, count }) => (
          <span key={term} data-term={term} style={{ flexGrow: count }} />
        ))}
      {missing !== 0 && <span className="hatched" style={{ flexGrow: Math.abs(missing) }} />}
    </span>
  )
}

interface TermProps {
  readonly part: Part
  readonly open: () => void
  readonly meaning: string
}

function TermCount({ part: { term, count }, open, meaning }: TermProps) {
  const none = count === 0 ? "" : undefined
  return (
    <button type="button" className="term" data-term={term} data-none={none} title={meaning} onClick={open}>
      <span className="dot" aria-hidden="true" />
      <strong>{formatCount(count)}</strong> {term}
    </button>
  )
}
