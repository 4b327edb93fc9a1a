/** The folder of all of a platform's data, and what is where in it. */
import { accessSync, constants, mkdirSync, realpathSync } from "node:fs"
import { dataDirectoryUnusable } from "./project-errors.ts"
import { LAKE_FOLDER } from "./project-lake.ts"

/** Below the data directory. */
export const FOLDERS = {
  log: "log",
  checkpoints: "checkpoints",
  duplicates: "duplicates",
  spill: "spill",
  lake: LAKE_FOLDER,
  store: "store",
} as const

/** Makes the folder where it is missing. Its real path, so that one folder has one name. */
export function openDataDirectory(path: string): string {
  try {
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return realpathSync(path)
  } catch (error) {
    throw dataDirectoryUnusable(path, error)
  }
}
