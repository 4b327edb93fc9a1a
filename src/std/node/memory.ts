/** What the machine has, or the container may use: beyond it the kernel ends the process. */
import { totalmem } from "node:os"

export function machineMemoryBytes(): number {
  // 0, or more than any machine has, where no limit is set.
  const limitBytes = process.constrainedMemory()
  return limitBytes > 0 ? Math.min(limitBytes, totalmem()) : totalmem()
}
