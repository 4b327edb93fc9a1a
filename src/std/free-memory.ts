/**
 * Gives memory back now instead of at the next full collection, which large buffers would otherwise bring
 * about every few dozen requests. The buffer is detached: whoever still looked at it would find it empty,
 * never another owner's bytes.
 */
import { assert } from "./assert.ts"

/** The caller owns the whole buffer, and nobody reads it any more. */
export function freeMemory(buffer: ArrayBuffer): void {
  assert(!buffer.detached, "memory is freed once")
  buffer.transfer(0)
}
