/** What a bench reports: one line per figure. A bench file exports `bench`; bench/run.ts finds it by name. */

export interface Figure {
  readonly metric: string
  /** Median of several runs. */
  readonly value: number
  readonly unit: string
  /** What the same run measured for the naive baseline, in the same unit; null where there is none. */
  readonly baseline: number | null
}

export interface Bench {
  readonly name: string
  /** One sentence: what is measured, against what baseline. */
  readonly about: string
  /** Reports its figures; `scale` 1 is the full size, smaller ones are for trying out. */
  run(report: (figure: Figure) => void, options: { readonly scale: number }): Promise<void>
}
