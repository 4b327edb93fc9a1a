/** Why no route took a request: nothing is at the path (404), or not with this method (405 with Allow). */
import type { PlatformError } from "../../std/errors.ts"
import { methodNotAllowed, routeNotFound } from "../errors.ts"
import type { Route } from "./route.ts"

export function unmatched(routes: readonly Route[], method: string, path: string): PlatformError {
  const allow = new Set<string>()
  for (const route of routes) {
    if (!matches(route.path, path)) continue
    allow.add(route.method)
    if (route.method === "GET" && route.stream !== true) allow.add("HEAD")
  }
  return allow.size === 0 ? routeNotFound(path) : methodNotAllowed(method, path, [...allow].sort())
}

/** The wildcard of the page's files is left out: it would turn every unknown path into a wrong method. */
function matches(pattern: string, path: string): boolean {
  if (pattern.endsWith("*")) return false
  const wanted = pattern.split("/")
  const given = path.split("/")
  return (
    wanted.length === given.length && wanted.every((part, i) => part.startsWith(":") || part === given[i])
  )
}
