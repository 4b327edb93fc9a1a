/** Makes an operator of a random graph one that two views share, as the runner does with equal subplans. */
import type { OperatorSpec, ViewSpec } from "../dataflow.ts"
import { aggregate, col } from "./expressions.ts"
import { groupBy, view } from "./harness.ts"

const SHARED = "shared"
const STATELESS: ReadonlySet<OperatorSpec["kind"]> = new Set(["source", "stage", "union", "view", "side"])

/**
 * The first operator with state is read through an internal view: by what read it before, and by groups of a
 * view that is added. The graph as it is where there is no such operator.
 */
export function shareOperator(specs: readonly OperatorSpec[]): OperatorSpec[] {
  const at = specs.findIndex(({ kind }) => !STATELESS.has(kind))
  const origin = specs[at]
  if (origin === undefined) return [...specs]
  const { id: input, columns } = origin
  const internal: ViewSpec = {
    ...{ kind: "view", id: `view.${SHARED}`, name: SHARED, input, columns, key: null },
    ...{ isInternal: true, keepsRows: false },
  }
  const keys = [col(columns, columns[0]!.name)]
  const twin = { ...groupBy(internal.id, { keys, aggregates: [aggregate("count", null)] }), id: "twin" }
  const behind = specs.slice(at + 1).map((spec) => readingInstead(spec, input, internal.id))
  return [...specs.slice(0, at + 1), internal, twin, view("twin", "twin", twin.columns, [0]), ...behind]
}

export function isShared(specs: readonly OperatorSpec[]): boolean {
  return specs.some((spec) => spec.kind === "view" && spec.isInternal === true)
}

function readingInstead(spec: OperatorSpec, from: string, to: string): OperatorSpec {
  const instead = (input: string) => (input === from ? to : input)
  switch (spec.kind) {
    case "source":
      return spec
    case "union":
      return { ...spec, inputs: spec.inputs.map(instead) }
    case "join": {
      const { left, right } = spec
      const [one, other] = [left, right].map((side) => ({ ...side, input: instead(side.input) }))
      return { ...spec, left: one!, right: other! }
    }
    default:
      return { ...spec, input: instead(spec.input) }
  }
}
