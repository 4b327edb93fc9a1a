/** `defineConfig()`: what a project says about itself in millrace.config.ts. */
import { invalidConfig } from "./project-errors.ts"

export interface ProjectOptions {
  /** Shown on the page and in messages: letters, digits, "-" and "_". */
  readonly name: string
  readonly description?: string
  /** Port of the HTTP door on 127.0.0.1; `--port` wins. @default 4600 */
  readonly port?: number
  /** Folder of all data, relative to the project; `--data` wins. @default ".millrace" */
  readonly data?: string
}

export interface ProjectConfig {
  readonly kind: "config"
  readonly name: string
  readonly description: string | null
  readonly port: number | null
  readonly data: string | null
}

const NAME = /^[a-z][a-z0-9_-]{0,62}$/i
const OPTIONS = new Set(["name", "description", "port", "data"])

/**
 * @example
 * export default defineConfig({ name: "signups" })
 * @throws PlatformError invalid-config
 */
export function defineConfig(options: ProjectOptions): ProjectConfig {
  if (typeof options !== "object" || options === null) throw invalidConfig("give an object with a name")
  const { name, description, port, data } = options
  const unknown = Object.keys(options).filter((key) => !OPTIONS.has(key))
  if (unknown.length > 0) {
    throw invalidConfig(
      `there is no option ${unknown.join(", ")}; the options are ${[...OPTIONS].join(", ")}`,
    )
  }
  if (typeof name !== "string" || !NAME.test(name)) {
    throw invalidConfig('name starts with a letter and has letters, digits, "-" and "_" only, at most 63')
  }
  if (description !== undefined && typeof description !== "string")
    throw invalidConfig("description is a string")
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw invalidConfig("port is a whole number from 0 to 65535 (0 takes any free port)")
  }
  if (data !== undefined && (typeof data !== "string" || data === "")) {
    throw invalidConfig("data is the path of a folder")
  }
  return Object.freeze({
    kind: "config",
    name,
    description: description ?? null,
    port: port ?? null,
    data: data ?? null,
  })
}
