/** The last output of every process: its calls that failed, with the reason. */
import type { Column } from "../columns/types.ts"
import { STRING, TIMESTAMP } from "../columns/types.ts"

/** call: "row", "event timer" or "processing timer". key: as JSON. event_time: of the call. */
export const FAILURE_COLUMNS: readonly Column[] = [
  { name: "call", type: STRING, nullable: false },
  { name: "key", type: STRING, nullable: false },
  { name: "reason", type: STRING, nullable: false },
  { name: "event_time", type: TIMESTAMP, nullable: false },
]
