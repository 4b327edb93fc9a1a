/**
 * Nexmark's bodies as NDJSON files: a folder for each kind of event, with a file for each task that reads.
 * Bodies go to the files by turns, so that every task's events are in the order of their times.
 *
 *   FOLDER/bid/0.ndjson    FOLDER/bid/1.ndjson    FOLDER/auction/0.ndjson …
 */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import type { Kind, Posts } from "../nexmark/posts.ts"

const KINDS: readonly Kind[] = ["person", "auction", "bid"]
const LINE_END = Buffer.from("\n")

export function writeEventFiles(folder: string, epochs: readonly Posts[], tasks: number): void {
  for (const kind of KINDS) {
    mkdirSync(join(folder, kind), { recursive: true })
    const files = Array.from({ length: tasks }, (_, k) => openSync(join(folder, kind, `${k}.ndjson`), "w"))
    const bodies = epochs.flatMap((posts) => posts[kind])
    for (const [k, body] of bodies.entries()) {
      const file = files[k % tasks]!
      writeSync(file, body)
      writeSync(file, LINE_END)
    }
    files.forEach(closeSync)
  }
}
