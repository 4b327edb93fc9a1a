/**
 * Who may speak to a server that has no authentication yet: programs of this machine and its own page. A web
 * page of another site can reach loopback through the user's browser; it is told apart by the Host header (a
 * name that was rebound to 127.0.0.1), by Origin, and by Sec-Fetch-Site.
 */
import type { IncomingMessage } from "node:http"
import { hostRefused, malformedRequest, originRefused } from "../errors.ts"
import { isLoopbackAuthority } from "./loopback.ts"

/** @throws host-refused, origin-refused, malformed-request */
export function guardRequest(request: IncomingMessage): void {
  const { host, origin } = request.headers
  if (host === undefined) throw malformedRequest("the Host header is missing")
  if (countHeader(request, "host") > 1) throw malformedRequest("there is more than one Host header")
  if (!isLoopbackAuthority(host)) throw hostRefused(host)
  guardTarget(request.url ?? "")
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    throw originRefused(origin)
  }
  if (request.headers["sec-fetch-site"] === "cross-site") throw originRefused(origin ?? "another site")
}

/** The absolute form of a request target, as proxies send it, overrides the Host header. */
function guardTarget(target: string): void {
  if (target.startsWith("/") || target === "*") return
  const authority = /^http:\/\/([^/?#]*)/i.exec(target)?.[1]
  if (authority === undefined) throw malformedRequest("the request target is neither a path nor an http URL")
  if (!isLoopbackAuthority(authority)) throw hostRefused(authority)
}

function countHeader(request: IncomingMessage, name: string): number {
  let count = 0
  const raw = request.rawHeaders
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length === name.length && raw[i]!.toLowerCase() === name) count++
  }
  return count
}
