/** A spec's operator. */
import { assertNever } from "../../std/assert.ts"
import type { StatefulSpec } from "../dataflow.ts"
import type { Losses } from "../losses.ts"
import type { PageStore } from "../state/page-store.ts"
import { AggregateOperator } from "./aggregate.ts"
import type { StatefulOperator } from "./stateful-operator.ts"

export interface OperatorOptions {
  readonly store: PageStore
  readonly losses: Losses
  /** Ids of operators that put out single rows and take none back. */
  readonly appendOnly: ReadonlySet<string>
}

export function createOperator(spec: StatefulSpec, options: OperatorOptions): StatefulOperator {
  const { store, losses, appendOnly } = options
  switch (spec.kind) {
    case "aggregate":
      return new AggregateOperator(spec, {
        store,
        losses,
        retractingInput: !appendOnly.has(spec.input),
        appendOnlyOutput: appendOnly.has(spec.id),
      })
    case "join":
    case "rank":
    case "over":
      throw new Error(`the operator ${spec.kind} is on its way`)
    default:
      return assertNever(spec)
  }
}
