/** The workshop in the caller's thread: for tests, tools and the seeded world. */
import { type Workshop, WorkshopCore, type WorkshopParts } from "./workshop.ts"

export function openInlineWorkshop(parts: WorkshopParts): Workshop {
  const core = new WorkshopCore(parts)
  return {
    // The call is one of the core's own, with its own parameters.
    call: async (name, ...parameters) => (core[name] as (...all: unknown[]) => never)(...parameters),
    [Symbol.asyncDispose]: async () => core.abandon(),
  }
}
