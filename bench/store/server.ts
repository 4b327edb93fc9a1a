/**
 * The platform under load, a process of its own. Argument: DATA_DIRECTORY. Answers "status" and "close"; the
 * status has what the main thread and the store's process have used of the processor.
 */
import { readFileSync } from "node:fs"
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
  if (message === "status") process.send?.(status())
  else void platform.close().then(() => process.disconnect())
})
process.send?.({ url: platform.url })

function status() {
  const { user, system } = process.threadCpuUsage()
  const store = platform.store?.status()
  const pid = store?.pid ?? null
  return {
    tables: store?.tables ?? [],
    pid,
    mainCpuSeconds: (user + system) / 1e6,
    storeCpuSeconds: pid === null ? 0 : cpuSeconds(pid),
  }
}

/** Of a process, from /proc: ticks of a hundredth of a second; 0 where there is no /proc. */
function cpuSeconds(pid: number): number {
  if (process.platform !== "linux") return 0
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) / 100
}
