/** A process like the store's whose main thread is held for ever, as a native call can; tells its id. */
import { writeSync } from "node:fs"
import { startThread } from "../../src/std/node/thread.ts"

const watch = new URL("../../src/stores/hot/host/parent-watch.ts", import.meta.url)
startThread(watch, process.ppid, { message: () => {}, ended: () => {} }).keepAlive(false)
// The thread has begun when this one goes to sleep for good.
setTimeout(() => {
  writeSync(1, `${process.pid}\n`)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}, 500)
