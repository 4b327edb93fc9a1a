/** What the operators of views have done, in the words of the plan that they were made from. */
import type { EventContract } from "../../contracts/contract.ts"
import type { Engine } from "../../engine/dataflow.ts"
import { describeOperator } from "../../plan/explain-rules.ts"
import type { PlanNode, ViewPlan } from "../../plan/plan.ts"
import type { OperatorWork } from "../runtime.ts"
import { lowerViews, viewId } from "./lower.ts"

export class OperatorWorks {
  readonly #contracts: readonly EventContract[]
  readonly #plans: readonly ViewPlan[]
  /** The node that each operator is made of; found when somebody asks. */
  #nodes: ReadonlyMap<string, PlanNode> | null = null

  constructor(contracts: readonly EventContract[], plans: readonly ViewPlan[]) {
    this.#contracts = contracts
    this.#plans = plans
  }

  /** In the order of the data, the view's own rows last. */
  of(engine: Engine, view: string): readonly OperatorWork[] {
    this.#nodes ??= this.#findNodes()
    const nodes = this.#nodes
    const last = viewId(view)
    return engine.work(view).flatMap(({ id, ...done }): OperatorWork[] => {
      const node = nodes.get(id)
      if (node !== undefined) return [{ ...describeOperator(node, id === last), ...done }]
      // A view that reads views only has no events to rule on.
      return done.total.rowsIn === 0 ? [] : [{ what: "verdicts of its events", steps: [], ...done }]
    })
  }

  #findNodes(): ReadonlyMap<string, PlanNode> {
    const nodes = new Map<string, PlanNode>()
    lowerViews(this.#contracts, this.#plans, (id, node) => void nodes.set(id, node))
    return nodes
  }
}
