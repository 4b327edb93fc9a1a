#!/usr/bin/env node
/**
 * The command `millrace`. In an installed package it runs the compiled dist; in a clone it runs src as it
 * stands, after installing what is missing. Either way under the Node that findNode names.
 */
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { findNode, NODE_FLAGS } from "./node24.mjs"
import { endLike, runChild } from "./run-child.mjs"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, "src", "cli", "bin.ts")

try {
  const inClone = existsSync(source)
  if (inClone) await (await import("./install.mjs")).ensureInstalled(root)
  const entry = inClone ? source : join(root, "dist", "cli", "bin.js")
  const node = findNode()
  if (node === process.execPath) {
    await import(pathToFileURL(entry))
  } else {
    const follow = ["--import", new URL("./follow-launcher.mjs", import.meta.url).href]
    endLike(
      await runChild(node, [...NODE_FLAGS, ...follow, entry, ...process.argv.slice(2)], { follow: true }),
    )
  }
} catch (error) {
  console.error(`millrace: ${error.message}`)
  process.exitCode = 2
}
