/**
 * session(source, time_column, gap, key, …): Flink's SESSION(TABLE source PARTITION BY key, …
 * DESCRIPTOR(time_column), gap) in words that PostgreSQL's grammar takes.
 */
import type { FuncCall, Node } from "libpg-query"
import { findings, Refused } from "../errors.ts"
import { sessionNode } from "../nodes/session.ts"
import { startOf } from "../sql/tree.ts"
import type { FindSource } from "./bind-window.ts"
import { bindSource, findColumn, timedInput, windowLength, withBounds } from "./bind-window.ts"
import type { Relation } from "./context.ts"

export function bindSession(call: FuncCall, find: FindSource): Relation {
  const [, , gap, ...keys] = call.args ?? []
  if (gap === undefined) throw new Refused(findings.windowArguments("session"), call.location ?? null)
  const { relation, sourceName, timeIndex } = bindSource("session", call, find)
  const gapUs = windowLength("the gap of session", gap)
  const positions = [...new Set(keys.map((key) => bindKey(key, sourceName, relation)))]
  const input = timedInput(relation.node, timeIndex)
  const node = sessionNode(input.node, { timeColumn: input.time, gapUs, keys: positions })
  return withBounds(relation, node)
}

function bindKey(node: Node, source: string, relation: Relation): number {
  const byte = startOf(node)
  if (!("ColumnRef" in node)) throw new Refused(findings.sessionKey(), byte)
  const { index, name } = findColumn(node.ColumnRef, source, relation)
  if (relation.node.columns[index]!.type.kind === "json") throw new Refused(findings.jsonKey(name), byte)
  return index
}
