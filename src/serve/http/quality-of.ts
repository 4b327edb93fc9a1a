/** What became of rows that are in no answer; absent while the platform has no ledger to ask. */
import type { Quality } from "../../quality/quality.ts"
import { notReady } from "../errors.ts"
import type { DoorContext } from "./route.ts"

/** @throws not-ready */
export function qualityOf({ quality }: DoorContext): Quality {
  if (quality === null) throw notReady("ledger and dead letters are not open")
  return quality
}
