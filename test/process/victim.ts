/** A platform that is killed: starts the project in the data directory, says where it is, and serves. */
import { join } from "node:path"
import { startPlatform } from "../../src/platform/start-platform.ts"

const platform = await startPlatform({
  projectDirectory: join(import.meta.dirname, "project"),
  dataDirectory: process.argv[2]!,
  port: 0,
})
process.stdout.write(`${platform.url}\n`)
