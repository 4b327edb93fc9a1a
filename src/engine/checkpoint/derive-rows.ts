/**
 * The rows of views that a change has left with the operators that they had, made of what those hold: the
 * events need not be read again.
 */
import type { ChangeBatch } from "../../columns/batch.ts"
import { assert } from "../../std/assert.ts"
import { keepsRows, originsOfRows } from "../graph/held-rows.ts"
import type { Route } from "../graph/routes.ts"
import type { HoldingOperator, StatefulOperator } from "../operators/stateful-operator.ts"
import type { EnginePart, ViewRun } from "../part.ts"

type Take = (changes: ChangeBatch) => void

/** @param parts all of them, with the state of operators; the views' rows are the first one's. */
export function deriveRows(parts: readonly EnginePart[], views: ReadonlySet<string>): void {
  for (const run of parts[0]!.views.values()) {
    const { view } = run.pipeline
    if (!views.has(view.name) || !keepsRows(view)) continue
    for (const part of parts) passRows(part, run, () => {})
  }
}

/** What the part holds for the view's rows comes to them; `take` is given what they put out for it. */
function passRows(part: EnginePart, { pipeline, running }: ViewRun, take: Take): void {
  const { view } = pipeline
  for (const origin of originsOfRows(pipeline)) {
    putHeld(part, view.name, origin, (held) => {
      running.feed(view, [], (id) => (id === origin.id ? [held] : []))
      const passed = running.view.flush()
      if (passed !== null) take(passed)
    })
  }
}

/** @param view the one whose rows begin there: operators are its own. */
function putHeld(part: EnginePart, view: string, origin: Route["origin"], take: Take): void {
  if (origin.kind === "view") {
    const run = part.views.get(origin.name)!
    if (keepsRows(origin)) run.running.view.putHeld(take)
    else passRows(part, run, take)
    return
  }
  const operator = part.views.get(view)!.running.operators.get(origin.id)
  assert(operator !== undefined && isHolding(operator), `${origin.id} can put out what it holds`)
  operator.putHeld(take)
}

function isHolding(operator: StatefulOperator): operator is HoldingOperator {
  return "putHeld" in operator
}
