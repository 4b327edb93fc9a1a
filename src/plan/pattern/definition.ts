/** A pattern as its author wrote it, checked and with defaults filled in; its SQL is text still. */

export type Contiguity = "strict" | "relaxed"

/** What a pattern says besides its name, checked and with its defaults filled in. */
export interface PatternDefinition {
  readonly from: string
  readonly key: readonly string[]
  readonly steps: readonly PatternStepDefinition[]
  readonly withinUs: bigint
  readonly afterMatch: PatternSkip
  readonly timeout: boolean
  readonly select: string
}

export interface PatternStepDefinition {
  readonly name: string
  readonly where: string
  readonly least: number
  /** Null: any number. */
  readonly most: number | null
  readonly greedy: boolean
  readonly contiguity: Contiguity
  readonly not: boolean
}

export type PatternSkip =
  | { readonly kind: "past-last" }
  | { readonly kind: "next-row" }
  | { readonly kind: "to-first" | "to-last"; readonly step: string }
