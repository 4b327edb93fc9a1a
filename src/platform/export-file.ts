/** The file that an export writes: whole and durable under its name, or not there. */
import * as fs from "node:fs"
import { exportFailed } from "./project-errors.ts"

/** @throws PlatformError export-failed */
export function refuseExisting(to: string): void {
  if (fs.existsSync(to)) throw exportFailed(to, "it exists already; name another file, or remove it")
}

/**
 * Writes the pieces as they come; `check` may still object when all are there. Returns the file's size.
 * @throws PlatformError export-failed
 */
export async function writeExport(
  to: string,
  pieces: AsyncIterable<Uint8Array>,
  check: () => void = () => {},
): Promise<number> {
  const aside = `${to}.partial`
  let bytes = 0
  try {
    const file = fs.openSync(aside, "w")
    try {
      for await (const piece of pieces) {
        // A disk that is nearly full takes a part of what it is given.
        for (let at = 0; at < piece.length; ) at += fs.writeSync(file, piece, at)
        bytes += piece.length
      }
      fs.fsyncSync(file)
      check()
    } finally {
      fs.closeSync(file)
    }
    fs.renameSync(aside, to)
  } catch (error) {
    fs.rmSync(aside, { force: true })
    throw exportFailed(to, error instanceof Error ? error.message : String(error), error)
  }
  return bytes
}
