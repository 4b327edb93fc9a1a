/**
 * A spec as another thread can have it: without what a contract's columns know beside their types, and
 * without a process's functions, which are called by the first part only.
 */
import type { Column } from "../../../columns/types.ts"
import type { OperatorSpec, ProcessSpec } from "../../../engine/dataflow.ts"

export function sendableSpec(spec: OperatorSpec): OperatorSpec {
  const columns = plain(spec.columns)
  switch (spec.kind) {
    case "join": {
      const { left, right } = spec
      const sides = {
        left: { ...left, columns: plain(left.columns) },
        right: { ...right, columns: plain(right.columns) },
      }
      return { ...spec, columns, ...sides }
    }
    case "pattern":
      return { ...spec, columns, inputColumns: plain(spec.inputColumns) }
    case "process":
      return {
        ...spec,
        columns,
        inputColumns: plain(spec.inputColumns),
        sides: spec.sides.map(plain),
        function: withoutHandlers(spec.function),
      }
    default:
      return { ...spec, columns }
  }
}

function plain(columns: readonly Column[]): readonly Column[] {
  return columns.map(({ name, type, nullable }) => ({ name, type, nullable }))
}

function withoutHandlers(called: ProcessSpec["function"]): ProcessSpec["function"] {
  const { version, description, initialState, outputNames } = called
  const data = {
    version,
    description,
    initialState,
    outputNames,
    onEventTimer: null,
    onProcessingTimer: null,
  }
  return data as unknown as ProcessSpec["function"]
}
