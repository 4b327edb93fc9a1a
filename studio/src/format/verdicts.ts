/** What a view's ruling on an event means, in a few words. */
import type { Verdict } from "../api/types.ts"

export const VERDICT_MEANINGS: Readonly<Record<Verdict, string>> = {
  applied: "in the answer",
  filtered: "left out by the view's SQL",
  late: "its time is before the watermark: its window was closed",
  failed: "an expression has no value for it",
  duplicate: "its id was seen before",
}
