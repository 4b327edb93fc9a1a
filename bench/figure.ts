/** What a bench reports: one line per figure. A bench file exports `bench`; bench/run.ts finds it by name. */

export interface Figure {
  readonly metric: string
  /** Median of several runs. */
  readonly value: number
  readonly unit: string
  /** What the same run measured for the naive baseline, in the same unit; null where there is none. */
  readonly baseline: number | null
}

export interface BenchOptions {
  /** 1 is the full size, smaller ones are for trying out. */
  readonly scale: number
  /** The parts of the bench to measure, by name; null: all. */
  readonly only: readonly string[] | null
  /** Events to run instead of what `scale` says; null: that. */
  readonly events: number | null
}

export interface Bench {
  readonly name: string
  /** One sentence: what is measured, against what baseline. */
  readonly about: string
  /** Names that `--only` may pick from; none where the bench has no parts. */
  readonly parts?: readonly string[]
  /** True: `--events` sets how many events it runs. @default false */
  readonly countsEvents?: boolean
  /** True: it installs a peer or takes an hour, so that it runs only when it is named. @default false */
  readonly onlyByName?: boolean
  /** Reports its figures. */
  run(report: (figure: Figure) => void, options: BenchOptions): Promise<void>
}

/** NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
