/** The platform under load, a process of its own. Argument: DATA_DIRECTORY. Answers "status" and "close". */
import { startPlatform } from "../../src/platform/start-platform.ts"

const [directory = ""] = process.argv.slice(2)
const platform = await startPlatform({
  projectDirectory: new URL("./project", import.meta.url).pathname,
  dataDirectory: directory,
  port: 0,
})
while (platform.store?.status().tables.some(({ state }) => state !== "following")) {
  await new Promise((resolve) => setTimeout(resolve, 20))
}

process.on("message", (message) => {
  if (message === "status") process.send?.({ tables: platform.store?.status().tables ?? [] })
  else void platform.close().then(() => process.disconnect())
})
process.send?.({ url: platform.url })
