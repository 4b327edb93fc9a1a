/** The columns that a pattern's rows have: what its key, its order, its conditions and its results read. */
import type { Expression } from "../../expr/expression.ts"
import { canonical } from "../expressions/canonical.ts"
import { filterNode } from "../nodes/filter.ts"
import { projectNode } from "../nodes/project.ts"
import type { PlanNode } from "../plan.ts"

export class InputColumns {
  readonly #scan: PlanNode
  readonly #expressions: Expression[] = []
  readonly #places = new Map<string, number>()

  constructor(scan: PlanNode) {
    this.#scan = scan
  }

  /** Of an expression over the columns that are read from. */
  position(expression: Expression): number {
    const text = canonical(expression)
    const known = this.#places.get(text)
    if (known !== undefined) return known
    const position = this.#expressions.push(expression) - 1
    this.#places.set(text, position)
    return position
  }

  expression(position: number): Expression {
    return this.#expressions[position]!
  }

  /** @param useful which rows; null: all of them */
  project(useful: Expression | null): PlanNode {
    const names = this.#expressions.map((each, k) => (each.kind === "column" ? each.name : `part_${k + 1}`))
    const input = useful === null ? this.#scan : filterNode(this.#scan, useful)
    return projectNode({ input, expressions: this.#expressions, names })
  }
}
