/**
 * The embedded store's process: hosts ClickHouse for one data directory behind a Unix socket. It lives as
 * long as its parent holds the other end of its standard input, whatever way the parent ends; then it lets
 * running statements finish for a moment and goes. Its standard output has one line: that it is ready.
 */
import * as fs from "node:fs"
import { setPriority } from "node:os"
import { parentOf } from "../../../std/node/child-process.ts"
import { acquireProcessLock } from "../../../std/node/process-lock.ts"
import { siblingModule, startThread } from "../../../std/node/thread.ts"
import { Engine } from "./engine.ts"
import { engineConfig } from "./engine-config.ts"
import { createHostServer } from "./host-server.ts"
import { type HostMessage, readHostStart } from "./host-start.ts"
import { engineUsers } from "./reader-rights.ts"

/** What runs when the parent lets go may finish; a killed engine loses nothing either. */
const GRACE_MS = 3_000
/** A host whose parent died holds the lock for its grace at most. */
const LOCK_ATTEMPTS = 160
const LOCK_PAUSE_MS = 50
/**
 * Below the platform: on a busy machine events and views come first, queries and merges take what is left.
 */
const PRIORITY = 10

const start = readHostStart(process.argv.slice(2))
// exit() waits in the engine for what it is doing, for minutes or for ever, with the directory in hand.
const die = (): void => void process.kill(process.pid, "SIGKILL")
let whenReleased = die
process.stdin.on("end", () => whenReleased()).on("error", () => whenReleased())
process.stdin.resume()
// A terminal sends these to every process of its group; the parent decides, and its end is ours.
process.on("SIGINT", () => undefined).on("SIGTERM", () => undefined)

startThread(siblingModule("parent-watch", import.meta.url), parentOf(process.env), {
  message: () => {},
  ended: () => {},
}).keepAlive(false)
setPriority(PRIORITY)
const chdb = await loadEngine()
fs.mkdirSync(start.directory, { recursive: true, mode: 0o700 })
await lockDirectory()
for (const folder of [start.insertDirectory, start.socketDirectory]) {
  makePrivateFolder(folder)
}
// What a killed host left of inserts and its socket.
for (const name of fs.readdirSync(start.insertDirectory)) fs.rmSync(`${start.insertDirectory}/${name}`)
fs.rmSync(start.socketPath, { force: true })
const configFile = `${start.directory}/engine.xml`
const usersFile = `${start.directory}/users.xml`
fs.writeFileSync(usersFile, engineUsers(), { mode: 0o600 })
fs.writeFileSync(configFile, engineConfig({ memoryBytes: start.memoryBytes, usersFile }), { mode: 0o600 })

const engine = new Engine(chdb, {
  dataDirectory: `${start.directory}/data`,
  configFile,
  insertDirectory: start.insertDirectory,
})
const version = await engine.version()
const server = createHostServer(engine, version)
await new Promise<void>((resolve, reject) => {
  server.on("error", reject)
  server.listen(start.socketPath, resolve)
})
fs.chmodSync(start.socketPath, 0o600)

whenReleased = () => {
  whenReleased = () => undefined
  server.close()
  // Death gives the lock back: released before, it would let a host in that cannot open.
  const end = () => {
    fs.rmSync(start.socketPath, { force: true })
    die()
  }
  setTimeout(end, GRACE_MS)
  engine.close().then(end, end)
}
say({ kind: "ready", version })

function say(message: HostMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

/** Nobody else's, even where the folder above it is everybody's. */
function makePrivateFolder(path: string): void {
  fs.mkdirSync(path, { recursive: true, mode: 0o700 })
  const found = fs.lstatSync(path)
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new Error(`${path} is not a folder of this user; remove it`)
  }
  fs.chmodSync(path, 0o700)
}

/** Says what is missing, and waits to be let go: trying again would not help. */
async function loadEngine(): Promise<typeof import("chdb")> {
  try {
    return await import("chdb")
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    say({
      kind: "impossible",
      reason: `chDB cannot be loaded on ${process.platform} ${process.arch} (${reason.split("\n")[0]})`,
    })
    return new Promise(() => undefined)
  }
}

/** For as long as this process lives: the next one takes over what a dead one had. */
async function lockDirectory(): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const owned = acquireProcessLock(`${start.directory}/+lock`)
    if ("release" in owned) return
    if (attempt === LOCK_ATTEMPTS) {
      throw new Error(`the store in ${start.directory} is open in process ${owned.pid}; stop that process`)
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MS))
  }
}
