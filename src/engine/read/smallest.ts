/**
 * The first `limit` items of an order, without sorting the rest: a heap whose top is the greatest kept item.
 */

export function smallest<T>(items: Iterable<T>, limit: number, order: (a: T, b: T) => number): T[] {
  const heap: T[] = []
  if (limit <= 0) return heap
  for (const item of items) {
    if (heap.length < limit) {
      heap.push(item)
      siftUp(heap, order)
    } else if (order(item, heap[0]!) < 0) {
      heap[0] = item
      siftDown(heap, order)
    }
  }
  return heap.sort(order)
}

function siftUp<T>(heap: T[], order: (a: T, b: T) => number): void {
  let at = heap.length - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (order(heap[at]!, heap[parent]!) <= 0) return
    ;[heap[at], heap[parent]] = [heap[parent]!, heap[at]!]
    at = parent
  }
}

function siftDown<T>(heap: T[], order: (a: T, b: T) => number): void {
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) return
    if (child + 1 < heap.length && order(heap[child + 1]!, heap[child]!) > 0) child++
    if (order(heap[child]!, heap[at]!) <= 0) return
    ;[heap[at], heap[child]] = [heap[child]!, heap[at]!]
    at = child
  }
}
