/**
 * What a command sees of the world it was started in. Results go to standard output, everything else to
 * standard error, so that a pipe carries data only. Colours are for terminals, and for people who did not
 * refuse them.
 */
import { styleText } from "node:util"

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan"

export interface Terminal {
  /** A line of the result. */
  print(line: string): void
  /** Bytes of the result, as they are; resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>
  /** A line for the person at the terminal. */
  note(line: string): void
  /** A line that the next one replaces; null removes it. Does nothing without a terminal. */
  progress(line: string | null): void
  /** Colours what goes to standard output, or to standard error. */
  paint(style: Style, text: string, stream?: "out" | "error"): string
  /** True when people read standard error as it comes. */
  readonly interactive: boolean
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stdinIsTerminal: boolean
  /** Aborted by Ctrl-C and by the other polite ways to end a program. */
  readonly stopped: AbortSignal
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** A launcher and the terminal may both pass on the same Ctrl-C; a second one later means "now". */
const SAME_SIGNAL_MS = 500

export function processTerminal(options: { readonly color: boolean }): Terminal {
  const { stdout, stderr, stdin, env } = process
  const wanted = options.color && !env["NO_COLOR"] && env["TERM"] !== "dumb"
  const colored = { out: wanted && stdout.isTTY, error: wanted && stderr.isTTY }
  let progressShown = false
  const clear = () => {
    if (progressShown) stderr.write("\r\u001b[2K")
    progressShown = false
  }
  ignoreClosedPipes()
  return {
    print(line) {
      clear()
      stdout.write(`${line}\n`)
    },
    write(bytes) {
      clear()
      if (stdout.write(bytes)) return Promise.resolve()
      return new Promise((resolve) => stdout.once("drain", resolve))
    },
    note(line) {
      clear()
      stderr.write(`${line}\n`)
    },
    progress(line) {
      if (!stderr.isTTY) return
      clear()
      if (line === null) return
      stderr.write(line.slice(0, Math.max(10, stderr.columns - 1)))
      progressShown = true
    },
    paint(style, text, stream = "out") {
      return colored[stream] ? styleText(style, text, { validateStream: false }) : text
    },
    interactive: stderr.isTTY,
    stdin,
    stdinIsTerminal: stdin.isTTY,
    stopped: stopSignal(),
    environment: env,
  }
}

function stopSignal(): AbortSignal {
  const controller = new AbortController()
  let stoppedAtMs = 0
  const stop = () => {
    const nowMs = performance.now()
    if (!controller.signal.aborted) {
      stoppedAtMs = nowMs
      controller.abort()
    } else if (nowMs - stoppedAtMs > SAME_SIGNAL_MS) {
      process.exit(130)
    }
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop)
  return controller.signal
}

/** `millrace tail … | head` closes our output; that is an end like any other. */
function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      process.exit(error.code === "EPIPE" ? 0 : 2)
    })
  }
}
