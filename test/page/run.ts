/**
 * `npm run test:page`: the page's tests alone. Without a Chromium they cannot run, and that is not a success.
 */
import { spawnSync } from "node:child_process"
import { findChromium, HOW_TO_GET_ONE } from "./chromium.ts"

if (findChromium() === null) {
  console.error(HOW_TO_GET_ONE)
  process.exitCode = 2
} else {
  const pattern = `${import.meta.dirname}/*.test.ts`
  const { status } = spawnSync(process.execPath, ["--test", pattern, ...process.argv.slice(2)], {
    stdio: "inherit",
  })
  process.exitCode = status ?? 1
}
