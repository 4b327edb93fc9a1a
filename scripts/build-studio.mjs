/** Builds the page into studio/dist when it is missing or older than what it is made of. */
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"

/** Folders and files, below the root, that the page is made of. */
const SOURCES = ["studio", "src/client", "src/contracts", "src/columns", "package-lock.json"]
const NOT_SOURCES = new Set(["node_modules", "dist"])

/** Throws with vite's output when the page does not build. */
export function buildStudio(root, node, { force = false } = {}) {
  if (!existsSync(join(root, "studio", "index.html"))) return
  const built = join(root, "studio", "dist", "index.html")
  const newest = Math.max(...SOURCES.map((path) => newestMs(join(root, path))))
  if (!force && existsSync(built) && statSync(built).mtimeMs >= newest) return
  console.error("Building the page (studio/dist) …")
  const vite = join(root, "node_modules", "vite", "bin", "vite.js")
  const { status, stdout, stderr } = spawnSync(node, [vite, "build", "--logLevel", "warn"], {
    cwd: join(root, "studio"),
    encoding: "utf8",
  })
  if (status === 0) return
  process.stderr.write(stdout + stderr)
  throw new Error("the page does not build; vite's message is above")
}

function newestMs(path) {
  if (!existsSync(path)) return 0
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  const names = readdirSync(path).filter((name) => !NOT_SOURCES.has(name))
  return Math.max(0, ...names.map((name) => newestMs(join(path, name))))
}
