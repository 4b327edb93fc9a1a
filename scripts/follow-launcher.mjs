/**
 * Preloaded into a platform that a launcher started: when the launcher is killed without a chance to pass the
 * signal on (kill -9), the platform goes the same way instead of staying behind with its port and its data.
 */
import { isMainThread } from "node:worker_threads"

if (isMainThread && process.channel) {
  process.once("disconnect", () => process.kill(process.pid, "SIGKILL"))
  process.channel.unref()
}
