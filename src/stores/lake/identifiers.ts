/** Names and numbers that are never used twice. */
import type { Random } from "../../std/random.ts"

/** Below 2^53, so that every reader of JSON has it exact. */
export function snapshotId(random: Random): number {
  return (random.uint32() % 0x1f_ffff) * 2 ** 32 + random.uint32() + 1
}

export function uuid(random: Random): string {
  const words = [0, 1, 2, 3].map(() => random.uint32().toString(16).padStart(8, "0")).join("")
  return [8, 12, 16, 20, 32].map((end, i, ends) => words.slice(ends[i - 1] ?? 0, end)).join("-")
}

export function syncMarker(random: Random): Uint8Array {
  const bytes = Buffer.alloc(16)
  for (const at of [0, 4, 8, 12]) bytes.writeUInt32LE(random.uint32(), at)
  return bytes
}
