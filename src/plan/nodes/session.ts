/**
 * session(): window_start and window_end of the session that each row is in. Rows with equal keys that are no
 * further apart than the gap are one session, from its first row to its last one plus the gap; it grows as
 * rows come, so that its bounds change. Neither bound tells the other.
 */
import { TIMESTAMP } from "../../columns/types.ts"
import { assert } from "../../std/assert.ts"
import type { PlanNode, SessionNode, SessionSpec, WindowColumns } from "../plan.ts"
import { WINDOW_END, WINDOW_START } from "./window.ts"

export function sessionNode(input: PlanNode, session: SessionSpec): SessionNode {
  assert(input.columns[session.timeColumn]?.type.kind === "timestamp", "sessions are cut along a timestamp")
  for (const key of session.keys) assert(key < input.columns.length, "a session's keys are columns")
  const start = input.columns.length
  const windowColumns: WindowColumns = {
    start,
    end: start + 1,
    sizeUs: session.gapUs,
    varying: "sessions",
    sessionKeys: session.keys,
  }
  return Object.freeze({
    kind: "session",
    input,
    session,
    columns: [
      ...input.columns,
      { name: WINDOW_START, type: TIMESTAMP, nullable: false },
      { name: WINDOW_END, type: TIMESTAMP, nullable: false },
    ],
    changes: "retract",
    key: input.key,
    timeColumn: input.timeColumn,
    windowColumns,
    delayUs: input.delayUs,
  })
}
