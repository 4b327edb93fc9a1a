/** How far a table has the log's partitions, kept in the summary of each snapshot. */
import type { Snapshot } from "./table-metadata.ts"

/** Next offset by topic and partition. */
export type Offsets = ReadonlyMap<string, readonly number[]>

const OFFSETS = "millrace.offsets."
const BEGINS = "millrace.begins."

/** Next offset that the snapshot does not have. */
export function offsetsOf(snapshot: Snapshot | null): Offsets {
  return read(snapshot, OFFSETS)
}

/** The first offset that the table's history has. */
export function beginsOf(snapshot: Snapshot | null): Offsets {
  return read(snapshot, BEGINS)
}

export function summaryOf(offsets: Offsets, begins: Offsets): Record<string, string> {
  return { ...written(offsets, OFFSETS), ...written(begins, BEGINS) }
}

function written(offsets: Offsets, prefix: string): Record<string, string> {
  return Object.fromEntries([...offsets].map(([topic, ends]) => [prefix + topic, JSON.stringify(ends)]))
}

function read(snapshot: Snapshot | null, prefix: string): Offsets {
  const entries = Object.entries(snapshot?.summary ?? {}).filter(([name]) => name.startsWith(prefix))
  return new Map(entries.map(([name, ends]) => [name.slice(prefix.length), JSON.parse(ends) as number[]]))
}
