/** What a checkpoint says of an engine's state, to compare that of an engine with a restored one's. */
import { META } from "../checkpoint/part-format.ts"
import type { CheckpointPart } from "../engine-checkpoint.ts"

/** All bytes by their names, but for the highest key of a page, which goes up with each restore. */
export function savedBytes(parts: Iterable<CheckpointPart>): [name: string, base64: string][] {
  return Array.from(parts, ({ name, bytes }) => {
    const { buffer, byteOffset, length } = bytes
    const saved = Buffer.from(buffer, byteOffset, length)
    return [name, name === META ? withoutLastKey(saved.toString()) : saved.toString("base64")]
  })
}

function withoutLastKey(meta: string): string {
  return JSON.stringify({ ...JSON.parse(meta), lastKey: null })
}
