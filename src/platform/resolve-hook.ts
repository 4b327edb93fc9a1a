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
 * How often the folder at a URL (ending with "/") was loaded. Its TypeScript files are modules whatever their
 * package.json says, and from the second time on they are imported anew, so that changed files are seen.
 */
const loads = new Map<string, number>()
let registered = false

/** Makes imports from the folder at `projectUrl` resolve as said above, from now on. */
export function resolveProjectImports(projectUrl: string): void {
  loads.set(projectUrl, (loads.get(projectUrl) ?? 0) + 1)
  if (registered) return
  registered = true
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const own = OWN_MODULES.get(specifier)
      if (own !== undefined) return { url: own, shortCircuit: true }
      const found = SHARED_PACKAGE.test(specifier)
        ? resolveShared(specifier, context, nextResolve)
        : nextResolve(specifier, context)
      const load = loadOf(found.url)
      if (load === null) return found
      return {
        ...found,
        url: load === 1 ? found.url : `${found.url}?load=${load}`,
        format: "module-typescript",
      }
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

/** Null for what is not a project's own module. */
function loadOf(url: string): number | null {
  if (!/\.m?ts$/.test(url) || url.includes("/node_modules/")) return null
  for (const [projectUrl, load] of loads) if (url.startsWith(projectUrl)) return load
  return null
}
