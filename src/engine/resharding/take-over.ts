/**
 * State of an engine that is split in one way into one that is split in another: every part takes the keys
 * that are its own out of all parts of the other.
 */
import { assert } from "../../std/assert.ts"
import { addLosses } from "../losses.ts"
import type { EnginePart } from "../part.ts"
import { copySlots } from "./slots.ts"

/** Only into parts that have run nothing. */
export function takeOver(from: readonly EnginePart[], to: readonly EnginePart[]): void {
  // Pages of the other engine are known under their keys to whoever keeps its checkpoints.
  const lastKey = Math.max(...from.map(({ store }) => store.lastKey)) * from.length + from.length
  for (const part of to) {
    part.store.raiseKeys(Math.ceil(lastKey / to.length))
    part.watermarks.restore(from[0]!.watermarks.entries())
    for (const other of from) takeOperators(other, part)
  }
  takeViews(from, to[0]!)
}

function takeOperators(from: EnginePart, to: EnginePart): void {
  for (const [name, { running }] of to.views) {
    const others = from.views.get(name)!.running.operators
    for (const [id, operator] of running.operators) operator.takeKeys(others.get(id)!)
  }
}

/** Rows of views are the first part's in either engine; so is what was left out, from now on. */
function takeViews(from: readonly EnginePart[], to: EnginePart): void {
  for (const [name, { running, losses }] of to.views) {
    const runs = from.map(({ views }) => views.get(name)!)
    const { view } = runs[0]!.running
    copySlots(view.table, running.view.table, () => true)
    running.view.rowCount = view.rowCount
    assert(running.view.table.count === view.table.count, "all rows of the view are there")
    Object.assign(losses, addLosses(runs.map((run) => run.losses)))
  }
}
