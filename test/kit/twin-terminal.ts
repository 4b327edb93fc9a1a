/** A terminal that keeps what a command prints. */
import type { Terminal } from "../../src/cli/terminal.ts"

export interface TwinTerminal extends Terminal {
  readonly printed: string[]
  readonly noted: string[]
  /** What was written as bytes. */
  readonly written: Uint8Array[]
  /** What Ctrl-C does. */
  stop(): void
}

export function twinTerminal(
  options: { readonly stdin?: string | AsyncIterable<Uint8Array>; readonly url?: string } = {},
): TwinTerminal {
  const printed: string[] = []
  const noted: string[] = []
  const written: Uint8Array[] = []
  const controller = new AbortController()
  const { stdin = "" } = options
  return {
    printed,
    noted,
    written,
    stop: () => controller.abort(),
    print: (line) => void printed.push(line),
    write: async (bytes) => void written.push(bytes),
    note: (line) => void noted.push(line),
    progress: () => {},
    paint: (_style, text) => text,
    interactive: false,
    stdin: typeof stdin === "string" ? bytesOf([stdin]) : stdin,
    stdinIsTerminal: false,
    stopped: controller.signal,
    environment: options.url === undefined ? {} : { MILLRACE_URL: options.url },
  }
}

/** The texts as pieces of input, cut where the caller cut them. */
export async function* bytesOf(pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield new TextEncoder().encode(piece)
}
