/**
 * How the modules of a project find what they import. `millrace` and `millrace/client` are always the copy
 * that runs (in a clone src, in the package dist), so that definitions are of one kind and nothing has to be
 * built or installed beside the project. `zod` is the project's own where it has one, else ours.
 */
import { registerHooks } from "node:module"

const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js"
const OWN_MODULES = new Map([
  ["millrace", new URL(`../index.${EXTENSION}`, import.meta.url).href],
  ["millrace/client", new URL(`../client/index.${EXTENSION}`, import.meta.url).href],
])
const SHARED_PACKAGE = /^zod(\/|$)/

/**
 * URLs, ending with "/", of the folders whose TypeScript files are modules whatever their package.json says.
 */
const projectUrls = new Set<string>()
let registered = false

/** Makes imports from the folder at `projectUrl` resolve as said above, from now on. */
export function resolveProjectImports(projectUrl: string): void {
  projectUrls.add(projectUrl)
  if (registered) return
  registered = true
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const own = OWN_MODULES.get(specifier)
      if (own !== undefined) return { url: own, shortCircuit: true }
      const found = SHARED_PACKAGE.test(specifier)
        ? resolveShared(specifier, context, nextResolve)
        : nextResolve(specifier, context)
      return isProjectModule(found.url) ? { ...found, format: "module-typescript" } : found
    },
  })
}

type ResolveHook = NonNullable<Parameters<typeof registerHooks>[0]["resolve"]>

function resolveShared(
  ...[specifier, context, nextResolve]: Parameters<ResolveHook>
): ReturnType<ResolveHook> {
  try {
    return nextResolve(specifier, context)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error
    return nextResolve(specifier, { ...context, parentURL: import.meta.url })
  }
}

function isProjectModule(url: string): boolean {
  if (!/\.m?ts$/.test(url) || url.includes("/node_modules/")) return false
  for (const projectUrl of projectUrls) if (url.startsWith(projectUrl)) return true
  return false
}
