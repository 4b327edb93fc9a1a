/** Which views an event reaches. */
import type { View } from "../api/types.ts"

/** Views that read the event, themselves or through other views. */
export function readersOf(event: string, views: readonly View[]): readonly View[] {
  const reading = new Set<string>()
  let before = -1
  while (reading.size > before) {
    before = reading.size
    for (const view of views) {
      if (view.events.includes(event) || view.views.some((name) => reading.has(name))) reading.add(view.name)
    }
  }
  return views.filter(({ name }) => reading.has(name))
}
