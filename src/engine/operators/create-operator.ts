/** A spec's operator. */
import type { Column } from "../../columns/types.ts"
import { assertNever } from "../../std/assert.ts"
import type { OverSpec, RankSpec, StatefulSpec } from "../dataflow.ts"
import type { Share } from "../exchange/share.ts"
import type { Losses } from "../losses.ts"
import type { PageStore } from "../state/page-store.ts"
import { AggregateOperator } from "./aggregate.ts"
import { JoinOperator } from "./join.ts"
import { OverOperator } from "./over.ts"
import { PatternOperator } from "./pattern.ts"
import { ProcessOperator } from "./process.ts"
import { RankOperator } from "./rank.ts"
import { SessionAggregate } from "./session-aggregate.ts"
import type { HoldingOperator, StatefulOperator } from "./stateful-operator.ts"
import { keepsTopRow, TopRowOperator } from "./top-row.ts"
import { keepsTopRows, TopRowsOperator } from "./top-rows.ts"

export interface OperatorOptions {
  readonly store: PageStore
  readonly losses: Losses
  /** Which of its keys it keeps. */
  readonly share: Share
  /** Of the rows that come by its (first) port. */
  readonly inputColumns: readonly Column[]
  /** Ids of operators that put out single rows and take none back. */
  readonly appendOnly: ReadonlySet<string>
}

export function createOperator(spec: StatefulSpec, options: OperatorOptions): StatefulOperator {
  const { store, losses, share, appendOnly } = options
  switch (spec.kind) {
    case "aggregate":
      if ((spec.session ?? null) !== null) {
        const { inputColumns } = options
        return new SessionAggregate(spec, {
          store,
          losses,
          share,
          inputColumns,
          retractingInput: !appendOnly.has(spec.input),
          appendOnlyOutput: appendOnly.has(spec.id),
        })
      }
      return new AggregateOperator(spec, {
        store,
        losses,
        share,
        retractingInput: !appendOnly.has(spec.input),
        appendOnlyOutput: appendOnly.has(spec.id),
      })
    case "join":
      return new JoinOperator(spec, {
        store,
        losses,
        share,
        retracting: [!appendOnly.has(spec.left.input), !appendOnly.has(spec.right.input)],
        appendOnlyOutput: appendOnly.has(spec.id),
      })
    case "rank":
    case "over":
      return createPlacing(spec, options)
    case "pattern":
      return new PatternOperator(spec, options)
    case "process":
      return new ProcessOperator(spec, options)
    default:
      return assertNever(spec)
  }
}

/** Each holds what it has put out. */
function createPlacing(spec: RankSpec | OverSpec, options: OperatorOptions): HoldingOperator {
  const { losses, appendOnly } = options
  if (spec.kind === "over") {
    return new OverOperator(spec, { ...partitioned(spec, options, spec.calls.length), losses })
  }
  const isAppendOnly = appendOnly.has(spec.input)
  if (keepsTopRow(spec, isAppendOnly)) return new TopRowOperator(spec, spec.columns, options)
  const Operator = keepsTopRows(spec, isAppendOnly) ? TopRowsOperator : RankOperator
  return new Operator(spec, partitioned(spec, options, spec.ranked ? 1 : 0))
}

function partitioned(
  spec: RankSpec | OverSpec,
  { store, share, appendOnly }: OperatorOptions,
  added: number,
) {
  return {
    store,
    share,
    inputColumns: spec.columns.slice(0, spec.columns.length - added),
    appendOnlyInput: appendOnly.has(spec.input),
    appendOnlyOutput: appendOnly.has(spec.id),
  }
}
