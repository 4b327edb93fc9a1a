/**
 * Which columns of a source its routes read. What hands rows from thread to thread leaves the others behind.
 */
import { usedColumns } from "../../expr/used-columns.ts"
import type { DataflowGraph, Route } from "./routes.ts"

/** By the source's id; sources that nobody reads are not there. */
export function readColumns({ pipelines }: DataflowGraph): ReadonlyMap<string, ReadonlySet<number>> {
  const read = new Map<string, Set<number>>()
  for (const route of pipelines.flatMap(({ routes }) => routes)) {
    const { kind, id } = route.origin
    if (kind !== "source") continue
    read.set(id, new Set([...(read.get(id) ?? []), ...columnsOf(route)]))
  }
  return read
}

function columnsOf({ origin, stages, target }: Route): Iterable<number> {
  const [first] = stages
  if (first !== undefined) return usedColumns(first)
  if (target.kind === "aggregate") return usedColumns(target)
  return origin.columns.keys()
}
