/**
 * Makes sure that node_modules holds what package-lock.json says, and installs it if not.
 * Invariant: the stamp inside node_modules is the hash of the lock file that was installed, so a check costs
 * one read; what somebody installed with npm himself is recognised by npm's own record and not installed
 * again.
 */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, lstatSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isMusl } from "./node24.mjs"

/** Measured with `npm ci` on linux-x64; what matters to the reader is the order of magnitude. */
const DOWNLOAD_MB = 350
const UNPACKED_MB = 1000
const NETWORK_TROUBLE =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED/

/** Installs the packages of the clone at `root` unless they are there. Throws with what to do. */
export async function ensureInstalled(root) {
  const lockText = readFileSync(join(root, "package-lock.json"), "utf8")
  const hash = createHash("sha256").update(lockText).digest("hex")
  const modules = join(root, "node_modules")
  if (readIfThere(join(modules, ".millrace-lock")) === hash) return
  const wanted = wantedPackages(JSON.parse(lockText).packages)
  if (!isInstalled(modules, wanted)) {
    if (existsSync(modules) && lstatSync(modules).isSymbolicLink()) {
      // npm ci empties the folder first, and that folder belongs to another clone.
      if (process.stderr.isTTY)
        console.error("node_modules is a link to packages of another version; left as is")
      return
    }
    await install(root, wanted)
  }
  try {
    writeFileSync(join(modules, ".millrace-lock"), hash)
  } catch (error) {
    // Where the folder is read-only, the next start compares again.
    if (!["EROFS", "EACCES", "EPERM"].includes(error.code)) throw error
  }
}

function readIfThere(path) {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return null
    throw error
  }
}

/** The lock's entries that npm installs on this system: [path, version]. */
function wantedPackages(packages) {
  const fits = (list, value) => list === undefined || [list].flat().includes(value)
  const libc = process.platform === "linux" ? (isMusl() ? "musl" : "glibc") : null
  return Object.entries(packages)
    .filter(([path, entry]) => path.includes("node_modules/") && entry.link !== true)
    .filter(([, entry]) => fits(entry.os, process.platform) && fits(entry.cpu, process.arch))
    .filter(([, entry]) => libc === null || fits(entry.libc, libc))
    .map(([path, entry]) => [path, entry.version, entry.optional === true])
}

/** True when npm's record of node_modules has every wanted package in its version. */
function isInstalled(modules, wanted) {
  const record = readIfThere(join(modules, ".package-lock.json"))
  if (record === null) return false
  const installed = JSON.parse(record).packages
  return wanted.every(([path, version, optional]) =>
    installed[path] === undefined ? optional : installed[path].version === version,
  )
}

async function install(root, wanted) {
  console.error(
    `Installing ${wanted.length} packages into node_modules, once: about ${DOWNLOAD_MB} MB to download, ` +
      `${UNPACKED_MB} MB on disk (ClickHouse and Node 24 are the largest of them).`,
  )
  const stopProgress = showProgress(root, wanted)
  const { code, errors } = await runNpm(root).finally(stopProgress)
  if (code === 0) return
  process.stderr.write(errors)
  if (NETWORK_TROUBLE.test(errors)) {
    throw new Error(
      "npm could not reach its registry. Connect to the network (or set the proxy or registry that you " +
        "use: npm config set registry …) and run the same command again.",
    )
  }
  throw new Error(`npm ci failed (exit code ${code}); its own message is above.`)
}

function runNpm(root) {
  const args = ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--no-progress"]
  args.push("--loglevel=error")
  // npm tells its scripts where it lies; without it (node scripts/run.mjs …) it is found on the PATH.
  const cli = process.env.npm_execpath
  const viaNode = cli?.endsWith("npm-cli.js") === true
  const command = viaNode ? process.execPath : "npm"
  const child = spawn(command, viaNode ? [cli, ...args] : args, {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
    shell: !viaNode && process.platform === "win32",
  })
  let errors = ""
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors += text
  })
  const stop = () => child.kill()
  process.once("SIGINT", stop).once("SIGTERM", stop)
  return new Promise((resolve, reject) => {
    child.once("error", (error) =>
      reject(
        error.code === "ENOENT" ? new Error("npm was not found; install Node 20 or newer with npm") : error,
      ),
    )
    child.once("close", (code, signal) => {
      process.off("SIGINT", stop).off("SIGTERM", stop)
      if (signal !== null) process.exit(130)
      resolve({ code, errors })
    })
  })
}

/** Counts the packages that lie in place; npm itself shows nothing when its output is not a terminal. */
function showProgress(root, wanted) {
  const terminal = process.stderr.isTTY === true
  const startedAt = Date.now()
  let shown = ""
  const show = () => {
    const done = wanted.filter(([path]) => existsSync(join(root, path, "package.json"))).length
    const seconds = Math.round((Date.now() - startedAt) / 1000)
    const text = `  ${done} of ${wanted.length} packages, ${seconds} s`
    if (terminal) process.stderr.write(`\r${text}`)
    else if (text !== shown) process.stderr.write(`${text}\n`)
    shown = text
  }
  const timer = setInterval(show, terminal ? 250 : 3_000)
  return () => {
    clearInterval(timer)
    const seconds = Math.round((Date.now() - startedAt) / 1000)
    process.stderr.write(`${terminal ? "\r\u001b[2K" : ""}  after ${seconds} s\n`)
  }
}
