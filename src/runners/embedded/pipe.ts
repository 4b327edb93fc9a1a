/** Stateless steps of a plan on their way to become part of an operator, or one of their own. */
import type { Column } from "../../columns/types.ts"
import { TIMESTAMP } from "../../columns/types.ts"
import type { EngineWindow, SessionWindow } from "../../engine/dataflow.ts"
import type { Expression } from "../../expr/expression.ts"
import { someColumn } from "../../expr/rewrite.ts"
import { assert } from "../../std/assert.ts"

/** Stateless steps that are not an operator yet, as expressions over the rows of operator `input`. */
export interface Pipe {
  readonly input: string
  readonly inputColumns: readonly Column[]
  readonly filter: Expression | null
  readonly window: EngineWindow | null
  readonly session: SessionWindow | null
  readonly outputs: readonly Expression[]
  /** True when `outputs` are the input's columns, unchanged. */
  readonly identity: boolean
}

export function identityPipe(input: string, columns: readonly Column[]): Pipe {
  return {
    input,
    inputColumns: columns,
    filter: null,
    window: null,
    session: null,
    outputs: references(columns),
    identity: true,
  }
}

/** A scan may have had unread columns pruned: find the others by name. */
export function selectScanned(input: string, all: readonly Column[], scanned: readonly Column[]): Pipe {
  const everything = references(all)
  const outputs = scanned.map((column) => {
    const found = everything.find(
      (reference) => reference.kind === "column" && reference.name === column.name,
    )
    assert(found !== undefined, `${column.name} is a column of ${input}`)
    return found
  })
  return {
    input,
    inputColumns: all,
    filter: null,
    window: null,
    session: null,
    outputs,
    identity: all.length === scanned.length,
  }
}

export function references(columns: readonly Column[]): readonly Expression[] {
  return columns.map(({ name, type, nullable }, index) => ({ kind: "column", index, name, type, nullable }))
}

export function readsWindow(pipe: Pipe, expression: Expression): boolean {
  return pipe.window !== null && someColumn(expression, (column) => column.index >= pipe.inputColumns.length)
}

/** Of a window or session, behind the columns of the input. */
export function boundColumns(width: number): readonly Expression[] {
  return ["window_start", "window_end"].map((name, k) => {
    return { kind: "column", index: width + k, name, type: TIMESTAMP, nullable: false }
  })
}
