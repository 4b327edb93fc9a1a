/** The mean of ratios: twice as fast and half as fast cancel out. */
export class GeometricMean {
  readonly #ratios: number[] = []

  /** Counts nothing where there is no baseline. */
  add(value: number, baseline: number | null): void {
    if (baseline !== null) this.#ratios.push(value / baseline)
  }

  get isEmpty(): boolean {
    return this.#ratios.length === 0
  }

  value(): number {
    return Math.exp(this.#ratios.reduce((sum, each) => sum + Math.log(each), 0) / this.#ratios.length)
  }
}
