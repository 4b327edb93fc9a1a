/** The machine's clocks. */
import type { Clock } from "../clock.ts"

export class NodeClock implements Clock {
  nowMs(): number {
    return Date.now()
  }

  monotonicMs(): number {
    return performance.now()
  }
}
