/**
 * A thread of the store's process that sees whether the parent lives. The engine can hold the main thread in
 * a native call, which then neither hears that its standard input has ended nor runs a timer; the process
 * would stay, with the lock on its directory, and no other could open the store.
 */
import { threadParent } from "../../../std/node/thread.ts"

const LOOK_MS = 500
/** Longer than what the main thread gives running statements. */
const GRACE_MS = 5_000

/** When the parent is gone, the system gives the process another one. */
const parent = threadParent().data
const looking = setInterval(() => {
  if (process.ppid === parent) return
  clearInterval(looking)
  setTimeout(() => process.kill(process.pid, "SIGKILL"), GRACE_MS)
}, LOOK_MS)
