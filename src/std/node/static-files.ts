/**
 * A folder of files for the browser, read whole at start: what is served is looked up in a map, so no request
 * can name a path of the disk. Links are left out.
 */
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { extname, join, relative, sep } from "node:path"
import { PlatformError } from "../errors.ts"

export interface StaticFile {
  readonly bytes: Uint8Array
  readonly contentType: string
  /** With its quotes. */
  readonly etag: string
}

const TYPES: ReadonlyMap<string, string> = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".mjs", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".json", "application/json; charset=utf-8"],
  [".map", "application/json; charset=utf-8"],
  [".txt", "text/plain; charset=utf-8"],
  [".svg", "image/svg+xml"],
  [".png", "image/png"],
  [".ico", "image/x-icon"],
  [".webp", "image/webp"],
  [".woff2", "font/woff2"],
  [".wasm", "application/wasm"],
  [".webmanifest", "application/manifest+json"],
])

/**
 * Files by path ("/assets/index.js"); null when the folder has no index.html, that is, was not built.
 * @throws page-too-large (user)
 */
export function readStaticFiles(
  directory: string,
  { maxBytes }: { readonly maxBytes: number },
): ReadonlyMap<string, StaticFile> | null {
  const files = new Map<string, StaticFile>()
  let total = 0
  for (const path of listFiles(directory)) {
    const bytes = readFileSync(path)
    total += bytes.length
    if (total > maxBytes) throw pageTooLarge(directory, maxBytes)
    files.set(`/${relative(directory, path).split(sep).join("/")}`, {
      bytes,
      contentType: TYPES.get(extname(path).toLowerCase()) ?? "application/octet-stream",
      etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
    })
  }
  return files.has("/index.html") ? files : null
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return []
    throw cause
  }
}

function pageTooLarge(directory: string, maxBytes: number): PlatformError {
  return new PlatformError({
    code: "page-too-large",
    domain: "user",
    message: `the files in ${directory} have more than ${maxBytes} bytes; is it the folder of the page?`,
    details: { directory, maxBytes },
  })
}
