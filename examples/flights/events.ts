/** A flight has left the gate: three million of them, the United States from January to June 2001. */
import { event, int32, int64, timestamp } from "millrace"
import { z } from "zod"

const airport = (example: string) =>
  z
    .string()
    .length(3)
    .meta({ examples: [example] })

export const flight = event("flight", {
  description: "A flight has left the gate.",
  schema: z.object({
    flight_id: int64().min(0n).meta({ description: "Row number in the file, from 0" }),
    scheduled_at: timestamp().meta({ description: "When it was to leave" }),
    delay_minutes: int32().meta({ description: "Negative: it left early", examples: [12] }),
    distance_miles: int32()
      .min(0)
      .meta({ examples: [762] }),
    origin: airport("ATL"),
    destination: airport("LGA"),
  }),
  id: "flight_id",
  time: "scheduled_at",
  key: "origin",
  partitions: 4,
  // Flights come in the order in which they really left. The one that comes furthest behind was to leave 27
  // hours and 43 minutes before the newest schedule seen by then (it was 28 hours and 8 minutes late); a few
  // that left early, by up to 18 hours and 36 minutes, carry the newest schedule forward. So with 28 hours
  // nothing is late.
  outOfOrderness: "28 hours",
  // A feeder that did not see its answer sends again; one that was stopped goes on a little before it was.
  dedup: "1 day",
})
