/**
 * What every implementation of the Log interface must do. A driver opens logs in places of its own and says
 * how time passes there; the suite knows nothing else of them.
 */
import { test } from "node:test"
import { appendLaws, lifeLaws, readLaws } from "./log-append-laws.ts"
import type { LogPlace } from "./log-place.ts"
import { fencingLaws, timeLaws, topicLaws } from "./log-topic-laws.ts"
import { compactionLaws, retentionLaws } from "./log-upkeep-laws.ts"

export function logConformance(name: string, newPlace: () => Promise<LogPlace>): void {
  const law = (title: string, body: (place: LogPlace) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const place = await newPlace()
      try {
        await body(place)
      } finally {
        await place.remove()
      }
    })
  appendLaws(law)
  readLaws(law)
  lifeLaws(law)
  topicLaws(law)
  fencingLaws(law)
  timeLaws(law)
  retentionLaws(law)
  compactionLaws(law)
}
