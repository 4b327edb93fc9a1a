/** What the platform tells its store's process, and what that one answers. */
import { assert } from "../../../std/assert.ts"
import { fingerprint } from "../../../std/fingerprint.ts"

export interface HostStart {
  /** Absolute: the engine's data, its configuration and the lock. */
  readonly directory: string
  readonly socketDirectory: string
  readonly socketPath: string
  readonly insertDirectory: string
  readonly memoryBytes: number
}

/** A line of the host's standard output. */
export type HostMessage =
  | { readonly kind: "ready"; readonly version: string }
  /** It cannot run on this machine, now or later. */
  | { readonly kind: "impossible"; readonly reason: string }

/** Stops statements by their ids and waits for their end; a server is asked by KILL QUERY instead. */
export const SETTLE_PATH = "/settle"

/** sun_path has 108 bytes on Linux and 104 on macOS, with its final zero. */
const MAX_SOCKET_PATH_BYTES = 103

/** Folders of the system that matter to where things go. */
export interface HostSurroundings {
  /** Short, writable, for this user: the system's folder for temporary files. */
  readonly temporaryDirectory: string
  /** A folder whose files are memory; null where there is none. */
  readonly memoryDirectory: string | null
}

/** Where everything of one store lies. */
export function planHost(
  { directory, memoryBytes }: Pick<HostStart, "directory" | "memoryBytes">,
  { temporaryDirectory, memoryDirectory }: HostSurroundings,
): HostStart {
  const name = `millrace-${fingerprint(directory)}`
  const inside = `${directory}/socket`
  const isShort = Buffer.byteLength(`${inside}/http`) <= MAX_SOCKET_PATH_BYTES
  const socketDirectory = isShort ? inside : `${temporaryDirectory}/${name}`
  return {
    directory,
    memoryBytes,
    socketDirectory,
    socketPath: `${socketDirectory}/http`,
    insertDirectory: memoryDirectory === null ? `${directory}/inserts` : `${memoryDirectory}/${name}`,
  }
}

export function hostArguments(start: HostStart): readonly string[] {
  return [JSON.stringify(start)]
}

export function readHostStart([text]: readonly string[]): HostStart {
  assert(
    text !== undefined,
    "the store's process is started by the platform, with what it needs as an argument",
  )
  return JSON.parse(text) as HostStart
}

/** Null for a line that is none of ours: the engine may print as well. */
export function readHostMessage(line: string): HostMessage | null {
  return line.startsWith('{"kind":') ? (JSON.parse(line) as HostMessage) : null
}
