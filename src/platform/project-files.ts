/** The TypeScript modules of a project's folder: which files `loadProject` imports. */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { projectTooLarge } from "./project-errors.ts"

/** A project has tens of modules; thousands mean that the folder is somebody's whole disk. */
const MAX_MODULES = 2_000
const SKIPPED_FOLDERS = new Set(["node_modules", "dist"])
const MODULE = /\.m?ts$/
const NOT_LOADED = /\.(test|d)\.m?ts$/

export const CONFIG_FILE = "millrace.config.ts"

/**
 * Absolute paths, sorted; without the config, tests, declarations, dot folders, node_modules and dist.
 * Links to folders are not followed, so a circle cannot catch us.
 * @throws PlatformError project-too-large
 */
export function projectModules(directory: string): string[] {
  const found: string[] = []
  const pending = [directory]
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (!entry.name.startsWith(".") && !SKIPPED_FOLDERS.has(entry.name)) pending.push(path)
      } else if (
        MODULE.test(entry.name) &&
        !NOT_LOADED.test(entry.name) &&
        path !== join(directory, CONFIG_FILE)
      ) {
        found.push(path)
      }
      if (found.length > MAX_MODULES || pending.length > MAX_MODULES) {
        throw projectTooLarge(directory, MAX_MODULES)
      }
    }
  }
  return found.sort()
}
