/**
 * Ends a route at sessions: evaluates all that the groups will need, so that a row fails here or nowhere, and
 * writes the row, its time and its session's keys for the operator to place.
 */
import type { Expression } from "../../expr/expression.ts"
import { substituteColumns } from "../../expr/rewrite.ts"
import type { SessionWindow } from "../dataflow.ts"
import type { RowBuilder } from "../operators/row-builder.ts"
import type { GroupPlan } from "./group-terminal.ts"
import { GroupTerminal } from "./group-terminal.ts"
import type { RouteShape, RouteWriter, Terminal } from "./route-writer.ts"
import { RowsTerminal } from "./rows-terminal.ts"

export interface SessionTerminalParts {
  readonly filter: Expression | null
  readonly session: SessionWindow
  readonly plan: GroupPlan
  readonly operator: object
  /** Columns of the input that groups read; the others are written as NULL. */
  readonly used: ReadonlySet<number>
  readonly rows: RowBuilder
  /** Of each row written, the row of the batch that it came from. */
  readonly origins: number[]
}

/** The timestamps' end, as a double that is surely inside. */
const LAST_TIME = 9_223_372_036_854_770_000

export class SessionTerminal implements Terminal {
  readonly name = "routeSessions"
  readonly shape: RouteShape
  readonly windows = 0
  readonly begin: string
  readonly undo: string
  readonly #parts: SessionTerminalParts
  readonly #rows: RowsTerminal
  readonly #judge: GroupTerminal

  constructor(shape: RouteShape, parts: SessionTerminalParts) {
    this.shape = shape
    this.#parts = parts
    this.#rows = new RowsTerminal(shape, parts.rows)
    this.#judge = new GroupTerminal(shape, parts.plan, parts.operator, "judge")
    this.begin = this.#rows.begin
    this.undo = this.#rows.undo
  }

  declare(writer: RouteWriter): string {
    return this.#rows.declare(writer)
  }

  write(writer: RouteWriter, columns: readonly Expression[]): void {
    const { session, used, filter, origins } = this.#parts
    writer.filter(filter, columns)
    const time = writer.scope.local("t")
    writer.time(session, columns, time)
    const reach = LAST_TIME - 3 * Number(session.gapUs)
    writer.push(`if (${time} > ${reach} || ${time} < ${-reach}) { ${writer.windowFailure()} }`)
    this.#judge.write(writer, columns)
    const kept = columns.map(
      (column, k): Expression =>
        used.has(k) ? column : { kind: "literal", value: null, type: column.type, nullable: true },
    )
    const added = [session.time, ...session.keys].map((each) => substituteColumns(each, columns))
    writer.push(`${writer.scope.bind(origins, "origins")}[at] = i;`)
    this.#rows.write(writer, [...kept, ...added])
  }

  readonly finish = (writer: RouteWriter): string => this.#rows.finish(writer)
}
