/** Things that wait for a time, earliest first; of one time in the order they came. A binary heap. */

interface Entry<T> {
  readonly timeUs: bigint
  readonly number: number
  readonly item: T
}

export class TimeQueue<T> {
  readonly #heap: Entry<T>[] = []
  #next = 0

  push(timeUs: bigint, item: T): void {
    const entry = { timeUs, number: this.#next++, item }
    let at = this.#heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, this.#heap[parent]!)) break
      this.#heap[at] = this.#heap[parent]!
      at = parent
    }
    this.#heap[at] = entry
  }

  /** Takes out what waits for this time or an earlier one. */
  *takeUntil(timeUs: bigint): Generator<T> {
    while (this.#heap.length > 0 && this.#heap[0]!.timeUs <= timeUs) yield this.#pop().item
  }

  #pop(): Entry<T> {
    const heap = this.#heap
    const [first, last] = [heap[0]!, heap.pop()!]
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.timeUs === b.timeUs ? a.number < b.number : a.timeUs < b.timeUs
}
