/**
 * Which places of touched slots belong to a page, so that those of a page that leaves memory or comes back
 * are found without looking through the page.
 */
export class PlaceChains {
  /** By page: its newest place. */
  readonly #first = new Map<number, number>()
  /** By place: the one before it of the same page, -1 for none. */
  #next: Int32Array

  constructor(places: number) {
    this.#next = new Int32Array(places)
  }

  add(page: number, place: number): void {
    if (place >= this.#next.length) {
      const wider = new Int32Array(Math.max(place + 1, this.#next.length * 2))
      wider.set(this.#next)
      this.#next = wider
    }
    this.#next[place] = this.#first.get(page) ?? -1
    this.#first.set(page, place)
  }

  /** With all other slots of `from`: the page is no more when the last one has moved. */
  move(from: number, to: number, place: number): void {
    this.#first.delete(from)
    this.add(to, place)
  }

  /** The page has another name. Returns its first place, -1 for none. */
  rename(from: number, to: number): number {
    const first = this.#first.get(from)
    if (first === undefined) return -1
    this.#first.delete(from)
    this.#first.set(to, first)
    return first
  }

  next(place: number): number {
    return this.#next[place]!
  }
}
