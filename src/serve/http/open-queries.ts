/** The queries of a platform that has a store. */
import type { Queries } from "../../stores/hot/queries.ts"
import { noStore } from "../errors.ts"
import type { DoorContext } from "./route.ts"

/** @throws store-unavailable */
export function openQueries({ queries }: DoorContext): Queries {
  if (queries === null) throw noStore()
  return queries
}
