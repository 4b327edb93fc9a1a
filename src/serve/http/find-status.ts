/** Events and views by name, with the nearest names when there is none. */
import type { EventStatus, Runtime, ViewStatus } from "../../runners/runtime.ts"
import { unknownEvent, unknownView } from "../errors.ts"
import { suggest } from "./suggest.ts"

/** @throws unknown-event */
export function findEvent(runtime: Runtime, name: string): EventStatus {
  const events = runtime.events()
  const found = events.find((status) => status.contract.name === name)
  if (found !== undefined) return found
  throw unknownEvent(name, suggest(name, eventNames(events)))
}

/** @throws unknown-view */
export function findView(runtime: Runtime, name: string): ViewStatus {
  const views = runtime.views()
  const found = views.find((status) => status.plan.name === name)
  if (found !== undefined) return found
  const names = views.map((status) => status.plan.name)
  throw unknownView(name, suggest(name, names))
}

function eventNames(events: readonly EventStatus[]): string[] {
  return events.map((status) => status.contract.name)
}
