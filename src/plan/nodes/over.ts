/** OVER: each row with what its partition says of its place. A new row changes what its neighbours say. */
import { assert } from "../../std/assert.ts"
import type { OverNode } from "../plan.ts"
import { timesOf } from "./rank.ts"

export interface OverParts extends Pick<OverNode, "input" | "partition" | "order" | "peerTerms" | "calls"> {
  /** Of the columns that the calls add. */
  readonly names: readonly string[]
}

export function overNode({ names, ...parts }: OverParts): OverNode {
  const { input, calls, order, peerTerms } = parts
  assert(names.length === calls.length, "every window function has a name")
  assert(peerTerms <= order.length, "peers are told by the first terms")
  const { columns, key, delayUs } = input
  return Object.freeze({
    kind: "over",
    ...parts,
    columns: [...columns, ...calls.map(({ type, nullable }, i) => ({ name: names[i]!, type, nullable }))],
    changes: "retract",
    key,
    ...timesOf(parts),
    delayUs,
  })
}

export const overNames = (node: OverNode): readonly string[] =>
  node.columns.slice(node.input.columns.length).map(({ name }) => name)
