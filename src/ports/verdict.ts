/** The one list of what a view does with a row; every row gets exactly one of them per view. */

export const VERDICTS = ["applied", "filtered", "late", "failed", "duplicate"] as const
export type Verdict = (typeof VERDICTS)[number]
