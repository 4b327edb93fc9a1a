/**
 * The server under load, a process of its own so that its CPU is its own. Arguments: naive|platform
 * DATA_DIRECTORY. Sends its URL, then its CPU seconds whenever it is asked.
 */
import { mkdirSync } from "node:fs"
import { startPlatform } from "../../src/platform/start-platform.ts"
import { startNaive } from "./naive-server.ts"

const [kind = "", directory = ""] = process.argv.slice(2)
mkdirSync(directory, { recursive: true })
const server = kind === "naive" ? await startNaive(`${directory}/rows.ndjson`) : await platform()

process.on("message", (message) => {
  if (message === "cpu") {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage().rss })
  } else {
    void server.close().then(() => process.disconnect())
  }
})
process.send?.({ url: server.url })

/** With dedup or without: the path that is posted to says which event it is. */
async function platform() {
  return startPlatform({
    projectDirectory: new URL("./project", import.meta.url).pathname,
    dataDirectory: directory,
    port: 0,
  })
}
