/** What V8 compiled of our modules, kept on disk for the next start: half of a start's work. */
import { enableCompileCache, flushCompileCache } from "node:module"
import { basename, dirname, join } from "node:path"

/**
 * Where a package's own node_modules are: those that it stands in when installed, those below it in a clone.
 * A folder that cannot be written means a start that takes longer, and nothing else.
 */
export function compileCacheFolder(packageRoot: string): string {
  const parent = dirname(packageRoot)
  const modules = basename(parent) === "node_modules" ? parent : join(packageRoot, "node_modules")
  return join(modules, ".cache", "millrace")
}

/**
 * For modules loaded from now on. Threads and child processes ask the environment, which has the last word
 * here, too.
 */
export function useCompileCache(folder: string, environment: NodeJS.ProcessEnv): void {
  environment["NODE_COMPILE_CACHE"] ??= folder
  enableCompileCache(environment["NODE_COMPILE_CACHE"])
}

/** What a clean exit does by itself, for a process that may be killed. */
export const saveCompileCache: () => void = flushCompileCache
