/**
 * `npm run demo`: installs what is missing, builds the page, then runs the flights demo under Node 24.
 * Arguments behind `--` go to the demo: `npm run demo -- --seconds 30`.
 */
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { buildStudio } from "./build-studio.mjs"
import { ensureInstalled } from "./install.mjs"
import { findNode, NODE_FLAGS } from "./node24.mjs"
import { endLike, runChild } from "./run-child.mjs"

const root = dirname(dirname(fileURLToPath(import.meta.url)))

try {
  await ensureInstalled(root)
  const node = findNode()
  buildStudio(root, node)
  const follow = ["--import", new URL("./follow-launcher.mjs", import.meta.url).href]
  const demo = join(root, "examples", "flights", "run-demo.ts")
  endLike(await runChild(node, [...NODE_FLAGS, ...follow, demo, ...process.argv.slice(2)], { follow: true }))
} catch (error) {
  console.error(`demo: ${error.message}`)
  process.exitCode = 2
}
