/** What a view's ruling on an event means, and what became of a row at the door, in a few words. */
import type { Verdict } from "../api/types.ts"
import type { Term } from "../balance/balance.ts"

export const VERDICT_MEANINGS: Readonly<Record<Verdict, string>> = {
  applied: "in the answer",
  filtered: "left out by the view's SQL",
  late: "its time is before the watermark: its window was closed",
  failed: "an expression has no value for it",
  duplicate: "its id was seen before",
}

export const TERM_MEANINGS: Readonly<Record<Term, string>> = {
  ...VERDICT_MEANINGS,
  pending: "in the log, and not worked through yet",
  accepted: "durable in the log",
  duplicates: "their id was seen before; they count once",
  rejected: "broke their contract; their producer was told",
  "dead-lettered": "broke their contract; kept until somebody decides",
}
